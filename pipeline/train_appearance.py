"""Train an appearance model on a data set's training pictures, or several sets'; an interrupted one is resumed."""

import argparse
import contextlib
from pathlib import Path

from streid.appearance.train_settings import TrainSettings
from streid.stage.cli import add_compute_arguments, run_stage, set_threads
from streid.stage.processes import end_with_launcher, process_share
from streid.stage.setting_flags import add_settings, read_settings


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    add = parser.add_argument
    several = "of several data sets in one order"
    add("--manifest", required=True, nargs="+", type=Path, help=f"manifest.csv; {several}, to train on all together")
    add("--summary", required=True, nargs="+", type=Path, help=f"dataset.json; {several}")
    add("--root", required=True, nargs="+", type=Path, help=f"the data set's folder; {several}")
    packed = "pictures.h5; used instead of the folder if it holds pictures"
    add("--packed", nargs="+", default=[], type=Path, help=f"{packed}; {several}")
    add("--output", required=True, type=Path, help="model.safetensors to write")
    add("--history", required=True, type=Path, help="training.csv to write, one row per epoch")
    add("--work", required=True, type=Path, help="folder for the checkpoint and TensorBoard's files")
    add_settings(parser, TrainSettings)
    add_compute_arguments(parser)
    return parser.parse_args()


def main() -> None:
    end_with_launcher()
    arguments = parse_arguments()
    threads = process_share(arguments.threads)
    set_threads(threads, keep_memory=True)
    import pandas as pd
    import torch

    from streid.appearance.distribution import agree, joined, start_processes
    from streid.appearance.inference import Inference
    from streid.appearance.models import ModelConfig, build_model, learned_cameras, reads_masks, save_model
    from streid.appearance.start_weights import load_start_weights
    from streid.appearance.training import Trainer
    from streid.appearance.validation import Validator
    from streid.data.loading import TrainingSet
    from streid.data.training_sets import pair_up, read_training
    from streid.files.atomic import atomic_outputs, check_targets
    from streid.stage.circumstances import describe_circumstances
    from streid.stage.devices import choose_devices
    from streid.stage.fingerprints import fingerprint_run
    from streid.stage.finished_work import exclusive_work

    settings = read_settings(arguments, TrainSettings)
    outputs = [arguments.output, arguments.history]
    sets = pair_up(arguments.manifest, arguments.summary, arguments.root, arguments.packed)
    check_targets(outputs, (*arguments.manifest, *arguments.summary, *arguments.packed), work=arguments.work)
    device, world = choose_devices(arguments.device, None if settings.processes == "auto" else settings.processes)
    if device is None:
        start_processes(Path(__file__), world.size)
        return
    pictures = read_training(sets, settings.frames)
    labels, identities = pd.factorize(pictures.units.sightings.pid_N, sort=True)
    settings.check_identities(len(identities))
    shape = ModelConfig(
        architecture=settings.architecture,
        backbone=settings.backbone,
        identities=len(identities),
        height=settings.height,
        width=settings.width,
        frames=settings.frames,
        pooling=settings.pooling,
        **learned_cameras(settings.architecture, pictures.units.sightings.camid_N, pictures.datasets),
    )
    fingerprint = fingerprint_run(
        Path(__file__),
        inputs=[*arguments.manifest, *arguments.summary, *filter(Path.is_file, [Path(settings.start_weights)])],
        settings={"model": shape, "training": settings.deciding(), "processes": world.size},
        chosen={"architecture": shape.architecture, "backbone": shape.backbone},
    )
    torch.set_num_threads(threads)
    torch.manual_seed(settings.seed)
    model = build_model(shape)
    load_start_weights(model, settings.start_weights, arguments.work)
    rows = shape.camera_rows()
    dataset = TrainingSet(
        pictures.source,
        pictures.units.paths,
        labels.tolist(),
        settings,
        frames=settings.frames,
        frame_stride=settings.frame_stride,
        masks=reads_masks(shape, settings) and pictures.masks,
        cameras=[rows.get(camid, 0) for camid in pictures.units.sightings.camid_N.tolist()],
        seed=settings.seed,
    )
    inference = Inference(
        config=shape,
        cameras=rows,
        source=pictures.source,
        device=device,
        batch_size=64,
        precision=settings.precision,
        workers=settings.workers,
    )
    with (
        joined(world, device),
        exclusive_work(arguments.work) if world.leads else contextlib.nullcontext() as held,
    ):
        if agree(held is not None and held.is_done(fingerprint, outputs), world, device):
            return
        trainer = Trainer(
            *(model, dataset, settings),
            device=device,
            world=world,
            validate=Validator(pictures.held_out, inference, world),
        )
        history = trainer.run(arguments.work, fingerprint, describe_circumstances(device, threads))
        if held is not None:
            with atomic_outputs(*outputs) as (model_file, history_file):
                pd.DataFrame(history).to_csv(history_file, index=False)
                save_model(model_file, model, shape)
            held.mark_done(fingerprint, outputs)


if __name__ == "__main__":
    run_stage(main)
