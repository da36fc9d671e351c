"""Train an appearance model on a manifest's training pictures; resumes where an earlier run stopped."""

import argparse
from pathlib import Path

from streid.cli import (
    add_compute_arguments,
    fraction,
    non_negative_float,
    non_negative_int,
    positive_float,
    positive_int,
    run_stage,
    set_threads,
)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    add = parser.add_argument
    add("--manifest", required=True, type=Path, help="manifest.csv")
    add("--summary", required=True, type=Path, help="dataset.json")
    add("--root", required=True, type=Path, help="the data set's folder")
    add("--output", required=True, type=Path, help="model.safetensors to write")
    add("--history", required=True, type=Path, help="training.csv to write, one row per epoch")
    add("--work", required=True, type=Path, help="folder for the checkpoint and TensorBoard's files")
    add("--architecture", default="pcb", help="pcb, baseline, stgcn or stcanet")
    add("--backbone", default="resnet50", help="resnet18, resnet34, resnet50, resnet101 or densenet121")
    add("--start-weights", default="imagenet", help="imagenet, none, or a file")
    add("--height", type=positive_int, default=384, help="input rows")
    add("--width", type=positive_int, default=192, help="input columns")
    add("--crop-scale", type=positive_float, default=1.0, help="resize to this factor, then crop at random")
    add("--colour-jitter", type=fraction, default=0.0, help="strength of random colour changes; 0: none")
    add("--flip", type=fraction, default=0.5, help="probability of mirroring")
    add("--erasing", type=fraction, default=0.5, help="probability of random erasing")
    add("--epochs", type=positive_int, default=60, help="passes over the pictures")
    add("--max-steps", type=non_negative_int, default=0, help="stop after so many steps; 0: no limit")
    add("--batch-size", type=positive_int, default=32, help="pictures per step")
    add("--backbone-rate", type=positive_float, default=0.01, help="learning rate of the backbone")
    add("--head-rate", type=positive_float, default=0.1, help="learning rate of the new layers")
    add("--momentum", type=fraction, default=0.9, help="Nesterov momentum")
    add("--weight-decay", type=non_negative_float, default=5e-4, help="L2 penalty")
    add("--schedule", default="step", help="step or cosine")
    add("--step-epochs", type=positive_int, nargs="*", default=[40], help="epochs after which the rate drops")
    add("--decay", type=positive_float, default=0.1, help="factor of each drop")
    add("--warmup-epochs", type=non_negative_float, default=0.0, help="linear rise of the rate at the start")
    add("--clip-norm", type=non_negative_float, default=0.0, help="largest gradient norm; 0: no clipping")
    add("--label-smoothing", type=fraction, default=0.0, help="of the cross-entropy")
    add("--precision", default="fp32", help="fp32, bf16 or fp16")
    add("--workers", type=non_negative_int, default=0, help="processes that read pictures")
    add("--checkpoint-seconds", type=non_negative_float, default=120.0, help="between checkpoints in an epoch")
    add("--seed", type=non_negative_int, default=0, help="of weights, order, augmentation and dropout")
    add_compute_arguments(parser)
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    set_threads(arguments.threads)
    import pandas as pd
    import torch

    from streid.appearance.models import ModelConfig, build_model, save_model
    from streid.appearance.schedules import ScheduleConfig
    from streid.appearance.start_weights import load_start_weights
    from streid.appearance.training import Trainer, TrainingConfig
    from streid.artifacts import atomic_output
    from streid.closure import fingerprint_run
    from streid.data.loading import PictureDataset
    from streid.data.manifest import read_manifest
    from streid.data.transforms import AugmentationConfig, training_transform
    from streid.devices import choose_device
    from streid.locks import exclusive_work

    table = read_manifest(arguments.manifest)
    table = table[table["split"] == "train"]
    identities = sorted(table["pid"].unique())
    labels = table["pid"].map({pid: label for label, pid in enumerate(identities)})
    model_config = ModelConfig(
        architecture=arguments.architecture,
        backbone=arguments.backbone,
        identities=len(identities),
        height=arguments.height,
        width=arguments.width,
    )
    augmentation = AugmentationConfig(
        height=arguments.height,
        width=arguments.width,
        crop_scale=arguments.crop_scale,
        colour_jitter=arguments.colour_jitter,
        flip=arguments.flip,
        erasing=arguments.erasing,
    )
    schedule = ScheduleConfig(
        schedule=arguments.schedule,
        epochs=arguments.epochs,
        step_epochs=tuple(arguments.step_epochs),
        decay=arguments.decay,
        warmup_epochs=arguments.warmup_epochs,
    )
    config = TrainingConfig(
        schedule=schedule,
        **{
            name: getattr(arguments, name)
            for name in (
                "batch_size", "backbone_rate", "head_rate", "momentum", "weight_decay", "clip_norm", "label_smoothing",
                "precision", "max_steps", "seed", "workers", "checkpoint_seconds",
            )
        },
    )  # fmt: skip
    device = choose_device(arguments.device)
    weight_files = [Path(arguments.start_weights)] if Path(arguments.start_weights).is_file() else []
    fingerprint = fingerprint_run(
        Path(__file__),
        inputs=[arguments.manifest, arguments.summary, *weight_files],
        settings={"model": model_config, "augmentation": augmentation, "training": config.deciding()}
        | {"start_weights": arguments.start_weights, "torch": torch.__version__}
        | {"device": device.type, "threads": arguments.threads},
    )
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    model = build_model(model_config)
    load_start_weights(model, arguments.start_weights)
    dataset = PictureDataset(
        arguments.root, table["path"].tolist(), labels.tolist(), training_transform(augmentation), seed=arguments.seed
    )
    with exclusive_work(arguments.work):
        history = Trainer(model, dataset, config, device=device).run(arguments.work, fingerprint)
        with atomic_output(arguments.history) as partial:
            pd.DataFrame(history).to_csv(partial, index=False)
        save_model(arguments.output, model, model_config)


if __name__ == "__main__":
    run_stage(main)
