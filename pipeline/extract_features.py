"""Extract features of the query, gallery and held-out pictures to features.h5; resumes from finished shards."""

import argparse
from pathlib import Path

from streid.cli import add_compute_arguments, non_negative_int, positive_int, run_stage, set_threads


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    add = parser.add_argument
    add("--manifest", required=True, type=Path, help="manifest.csv")
    add("--summary", required=True, type=Path, help="dataset.json")
    add("--root", required=True, type=Path, help="the data set's folder")
    add("--model", required=True, type=Path, help="model.safetensors")
    add("--name", required=True, help="the model's name in results and reports")
    add("--output", required=True, type=Path, help="features.h5 to write")
    add("--work", required=True, type=Path, help="folder for unfinished shards")
    add("--batch-size", type=positive_int, default=64, help="pictures per step")
    add("--dtype", choices=("float32", "float16"), default="float32", help="of the stored features")
    add("--precision", default="fp32", choices=("fp32", "bf16", "fp16"), help="to compute in")
    add("--workers", type=non_negative_int, default=0, help="processes that read pictures")
    add_compute_arguments(parser)
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    set_threads(arguments.threads)
    import torch

    from streid.appearance.extraction import Extractor
    from streid.appearance.models import load_model
    from streid.appearance.training import PRECISIONS
    from streid.artifacts import read_json, write_features
    from streid.closure import fingerprint_run
    from streid.data.manifest import read_manifest, sightings
    from streid.devices import choose_device
    from streid.errors import InputError
    from streid.locks import exclusive_work

    table = read_manifest(arguments.manifest)
    dataset = str(read_json(arguments.summary).get("dataset", ""))
    if not dataset:
        raise InputError(f"{arguments.summary}: names no data set; make it with prepare_dataset")
    model, config = load_model(arguments.model)
    device = choose_device(arguments.device)
    fingerprint = fingerprint_run(
        Path(__file__),
        inputs=[arguments.manifest, arguments.summary, arguments.model],
        settings={"dtype": arguments.dtype, "precision": arguments.precision, "torch": torch.__version__}
        | {"device": device.type, "threads": arguments.threads},
    )
    torch.set_num_threads(arguments.threads)
    with exclusive_work(arguments.work):
        extractor = Extractor(
            model,
            config,
            root=arguments.root,
            work=arguments.work,
            fingerprint=fingerprint,
            device=device,
            batch_size=arguments.batch_size,
            dtype=arguments.dtype,
            precision=PRECISIONS[arguments.precision],
            workers=arguments.workers,
        )
        groups = {}
        for split in ("val", "query", "gallery"):
            rows = table[table["split"] == split]
            if len(rows):
                pictures = sightings(rows)
                groups[split] = (pictures, extractor.extract(split, pictures))
        write_features(
            arguments.output,
            dataset=dataset,
            model=arguments.name,
            dimension=model.feature_length,
            groups=groups,
            dtype=arguments.dtype,
        )
        extractor.finish()


if __name__ == "__main__":
    run_stage(main)
