"""What a training notes down: rows of epochs, steps settled one later, and TensorBoard's files."""

import errno
import math
import os
from pathlib import Path

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from streid.appearance.training_log import TrainingLog
from streid.appearance.validation import Validation
from streid.errors import InputError

NONE = Validation(rank1=None, mean_ap=None)


def figures(loss: float, correct: int = 1, samples: int = 4, stops: int = 0) -> torch.Tensor:
    return torch.tensor([loss, correct, samples, stops], dtype=torch.float64)


def test_an_epochs_row_is_the_mean_of_its_steps() -> None:
    log = TrainingLog()
    log.add_step(figures(2.0, correct=1), epoch=1, rate=0.1)
    log.add_step(figures(1.0, correct=3), epoch=1, rate=0.05)
    log.position.seconds = 4.0
    log.settle()
    log.finish_epoch(rate=0.05, validation=Validation(rank1=0.5, mean_ap=0.25))
    assert log.position.history == [
        {
            "epoch": 1,
            "loss": 1.5,
            "accuracy": 0.5,
            "learning_rate": 0.05,
            "pictures_per_second": 2.0,
            "val_rank1": 0.5,
            "val_mAP": 0.25,
        }
    ]
    assert (log.position.step, log.position.epoch_steps, log.position.pictures) == (2, 0, 0)
    log.add_step(figures(3.0), epoch=2, rate=0.05)
    log.position.seconds = 1.0
    log.settle()
    log.finish_epoch(rate=0.05, validation=NONE)
    assert [row["epoch"] for row in log.position.history] == [1, 2]
    assert log.position.history[1]["loss"] == 3.0


def test_a_step_is_read_when_the_next_one_is_under_way() -> None:
    log = TrainingLog()
    log.add_step(figures(2.0), epoch=1, rate=0.1)
    assert (log.position.step, log.position.epoch_steps) == (1, 0)
    log.add_step(figures(1.0), epoch=1, rate=0.1)
    assert (log.position.step, log.position.epoch_steps) == (2, 1)
    log.settle()
    log.settle()
    assert log.position.epoch_steps == 2


def test_the_first_step_at_which_somebody_was_asked_to_stop_is_kept() -> None:
    log = TrainingLog()
    for stops in (0, 0, 1, 2):
        log.add_step(figures(1.0, stops=stops), epoch=1, rate=0.1)
    assert log.stopped_at == 3
    log.settle()
    assert log.stopped_at == 3


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_names_its_own_step(loss: float) -> None:
    log = TrainingLog()
    log.add_step(figures(1.0), epoch=1, rate=0.1)
    log.add_step(figures(loss), epoch=2, rate=0.2)
    with pytest.raises(InputError, match=rf"the loss is {loss} at step 2, epoch 2, learning rate 0\.2; the last"):
        log.add_step(figures(1.0), epoch=2, rate=0.3)


def test_tensorboard_gets_steps_and_epochs(tmp_path: Path) -> None:
    log = TrainingLog()
    log.open(tmp_path)
    for loss in (2.0, 1.0):
        log.add_step(figures(loss), epoch=1, rate=0.1)
    log.position.seconds = 1.0
    log.settle()
    log.finish_epoch(rate=0.1, validation=NONE)
    log.close()
    log.close()
    events = EventAccumulator(str(tmp_path))
    events.Reload()
    assert [(event.step, event.value) for event in events.Scalars("train/loss")] == [(1, 2.0), (2, 1.0)]
    assert [(event.step, event.value) for event in events.Scalars("epoch/loss")] == [(1, 1.5)]
    assert "epoch/val_mAP" not in events.Tags()["scalars"]


def test_what_cannot_be_written_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    log = TrainingLog()
    log.open(tmp_path)
    monkeypatch.setattr(log._writer, "add_scalar", refuse)
    log.add_step(figures(1.0), epoch=1, rate=0.1)
    with pytest.raises(OSError) as raised:
        log.settle()
    assert raised.value.filename == str(tmp_path)
    log.close()
