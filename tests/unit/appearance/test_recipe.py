"""From a command line to the configurations of a training, and when part masks are read."""

import argparse

import pytest

from streid.appearance.models import ModelConfig
from streid.appearance.recipe import augmentation_config, model_config, reads_masks, training_config
from streid.appearance.settings import TrainingConfig
from streid.appearance.training_arguments import (
    add_loss_arguments,
    add_model_arguments,
    add_optimization_arguments,
    add_running_arguments,
    add_sample_arguments,
)
from streid.errors import InputError


def parse(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    for add in (
        add_model_arguments,
        add_sample_arguments,
        add_loss_arguments,
        add_optimization_arguments,
        add_running_arguments,
    ):
        add(parser)
    return parser.parse_args(words)


def test_a_command_line_becomes_configurations() -> None:
    arguments = parse(
        *("--architecture", "baseline", "--backbone", "resnet18", "--height", "64", "--width", "32", "--epochs", "7"),
        *("--step-epochs", "3", "5", "--batch-size", "8", "--sampler", "pk", "--triplet", "cosine", "--flip", "0.25"),
        *("--head-rate", "0.2", "--ema-decay", "0.9", "--workers", "2", "--seed", "4"),
    )
    shape = model_config(arguments, 5)
    assert shape == ModelConfig(architecture="baseline", backbone="resnet18", identities=5, height=64, width=32)
    augmentation, config = augmentation_config(arguments), training_config(arguments, 5)
    assert (augmentation.height, augmentation.width, augmentation.flip) == (64, 32, 0.25)
    assert (config.schedule.epochs, config.schedule.step_epochs) == (7, (3, 5))
    assert (config.sampler.sampler, config.sampler.batch_size, config.losses.triplet) == ("pk", 8, "cosine")
    assert (config.optimizer.head_rate, config.ema_decay, config.workers, config.seed) == (0.2, 0.9, 2, 4)


def test_what_cannot_change_the_weights_does_not_decide() -> None:
    one, two = (training_config(parse("--workers", n, "--checkpoint-seconds", n), 5) for n in ("1", "2"))
    assert one != two
    assert one.deciding() == two.deciding()
    assert one.deciding() != training_config(parse("--seed", "1"), 5).deciding()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--precision", "fp8"), "unknown precision 'fp8'; known: fp32, bf16, fp16"),
        (("--ema-decay", "1"), "ema_decay 1.0 is not at least 0 and below 1"),
        (("--optimizer", "lion"), "unknown optimizer"),
    ],
)
def test_values_that_no_training_takes_are_refused(words: tuple[str, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        training_config(parse(*words), 5)


@pytest.mark.parametrize(
    ("words", "summary", "reads"),
    [
        (("--architecture", "stcanet"), {"masks": True}, True),
        (("--architecture", "stcanet"), {"masks": False}, False),
        (("--architecture", "stcanet"), {}, False),
        (("--architecture", "stcanet", "--mask-weight", "0"), {"masks": True}, False),
        (("--architecture", "stcanet", "--frames", "4"), {"masks": True}, False),
        (("--architecture", "pcb"), {"masks": True}, False),
    ],
)
def test_masks_are_read_where_they_are_there_and_count(
    words: tuple[str, ...], summary: dict[str, bool], reads: bool
) -> None:
    arguments = parse(*words)
    config = training_config(arguments, 5)
    assert isinstance(config, TrainingConfig)
    assert reads_masks(config, model_config(arguments, 3), summary) is reads
