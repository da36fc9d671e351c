"""The command line of a training run, in groups; light enough for --help."""

import argparse

from streid.appearance.architectures import ARCHITECTURES
from streid.appearance.backbones import BACKBONES
from streid.stage.cli import (
    fraction,
    non_negative_float,
    non_negative_int,
    positive_float,
    positive_int,
    process_count,
    seed_number,
    truth,
)


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """What is trained."""
    add = parser.add_argument_group("model").add_argument
    add("--architecture", default="pcb", help=f"one of {', '.join(ARCHITECTURES)}")
    add("--backbone", default="resnet50", help=f"one of {', '.join(BACKBONES)}")
    add("--start-weights", default="imagenet", help="imagenet, none, or a file")
    add("--height", type=positive_int, default=384, help="input rows")
    add("--width", type=positive_int, default=192, help="input columns")
    add("--frames", type=positive_int, default=1, help="1: pictures; T: clips of T pictures of a tracklet")


def add_sample_arguments(parser: argparse.ArgumentParser) -> None:
    """What a step sees."""
    add = parser.add_argument_group("samples").add_argument
    add("--frame-stride", type=non_negative_int, default=0, help="between a clip's frames; 0: spread over the tracklet")
    add("--sampler", default="shuffle", help="shuffle, or pk: identities with several pictures each")
    add("--batch-size", type=positive_int, default=32, help="pictures or clips per batch, of all processes together")
    add("--pictures-per-identity", type=positive_int, default=4, help="K of the sampler pk")
    add("--crop-scale", type=positive_float, default=1.0, help="resize to this factor, then crop at random")
    add("--padding", type=non_negative_int, default=0, help="black pixels on every side before the random crop")
    add("--colour-jitter", type=fraction, default=0.0, help="strength of random colour changes; 0: none")
    add("--grayscale", type=fraction, default=0.0, help="probability of losing the colours")
    add("--flip", type=fraction, default=0.5, help="probability of mirroring")
    add("--erasing", type=fraction, default=0.5, help="probability of random erasing")


def add_loss_arguments(parser: argparse.ArgumentParser) -> None:
    """What is minimised."""
    add = parser.add_argument_group("losses").add_argument
    add("--label-smoothing", type=fraction, default=0.0, help="of the cross-entropy")
    add("--triplet", default="none", help="batch-hard triplet loss: none, euclidean or cosine")
    add("--triplet-margin", type=non_negative_float, default=0.3, help="in units of the distance")
    add("--triplet-weight", type=non_negative_float, default=1.0, help="beside the cross-entropy")
    add("--mask-weight", type=non_negative_float, default=0.5, help="of part maps against part masks, where both are")


def add_optimization_arguments(parser: argparse.ArgumentParser) -> None:
    """How it is minimised."""
    add = parser.add_argument_group("optimization").add_argument
    add("--epochs", type=positive_int, default=60, help="passes over the samples")
    add("--max-steps", type=non_negative_int, default=0, help="stop after so many steps; 0: no limit")
    add("--optimizer", default="sgd", help="sgd, adam or adamw")
    add("--backbone-rate", type=positive_float, default=0.01, help="learning rate of the backbone")
    add("--head-rate", type=positive_float, default=0.1, help="learning rate of the new layers")
    add("--momentum", type=fraction, default=0.9, help="Nesterov momentum of sgd")
    add("--weight-decay", type=non_negative_float, default=5e-4, help="L2 penalty; adamw: decay")
    add("--schedule", default="step", help="step or cosine")
    add("--step-epochs", type=positive_int, nargs="*", default=[40], help="epochs after which the rate drops")
    add("--decay", type=positive_float, default=0.1, help="factor of each drop")
    add("--warmup-epochs", type=non_negative_float, default=0.0, help="linear rise of the rate at the start")
    add("--freeze-epochs", type=non_negative_int, default=0, help="epochs in which the early layers keep still")
    add("--clip-norm", type=non_negative_float, default=0.0, help="largest gradient norm; 0: no clipping")
    add("--accumulate", type=positive_int, default=1, help="batches per step")
    add("--ema-decay", type=fraction, default=0.0, help="of the running average of the weights; 0: none")
    add("--seed", type=seed_number, default=0, help="of weights, order, augmentation and dropout")


def add_running_arguments(parser: argparse.ArgumentParser) -> None:
    """How the machine is used."""
    add = parser.add_argument_group("running").add_argument
    add("--precision", default="fp32", help="fp32, bf16 or fp16")
    add("--compile", type=truth, default=False, help="true: let torch.compile write the kernels")
    add("--processes", type=process_count, default="auto", help="that train together; auto: one per GPU granted")
    add("--workers", type=non_negative_int, default=0, help="processes that read pictures, for each of them")
    add("--validate-every", type=non_negative_int, default=1, help="epochs between validations on split val; 0: none")
    add("--checkpoint-seconds", type=non_negative_float, default=120.0, help="between checkpoints in an epoch")
