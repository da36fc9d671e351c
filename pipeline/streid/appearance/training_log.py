"""The log of a training run: every step's figures and every epoch's row, for TensorBoard and training.csv."""

import contextlib
import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch.utils.tensorboard import SummaryWriter

from streid.appearance.host_copies import HostCopy
from streid.appearance.validation import Validation
from streid.errors import InputError

logger = logging.getLogger(__name__)

Row = dict[str, float | None]
# What the user can do about weights or a loss that are not finite.
WAY_ON = "lower the rates or set clip_norm; to start from the checkpoint's weights, set start_weights to a copy of it"


@dataclass
class Position:
    """How far a run has come: all its steps, the current epoch's sums, and the finished epochs' rows."""

    step: int = 0
    epoch_steps: int = 0
    loss_sum: float = 0.0
    correct: int = 0
    pictures: int = 0
    seconds: float = 0.0
    history: list[Row] = field(default_factory=list)


@dataclass(frozen=True)
class Pending:
    """A step whose figures are still on their way from the device."""

    step: int
    epoch: int
    rate: float
    figures: HostCopy


class TrainingLog:
    """Keeps a run's position and writes TensorBoard's files.

    A step's figures are read one step later, when the device is already at work on the next.

    stopped_at: the first step settled at which a process of the run had been asked to stop.
    """

    def __init__(self) -> None:
        self.position = Position()
        self._pending: Pending | None = None
        self._writer: SummaryWriter | None = None
        self._folder: Path | None = None
        self.stopped_at: int | None = None

    def open(self, folder: Path) -> None:
        """Write TensorBoard's files to a folder, and log, from here on.

        Raises:
            OSError: they cannot be written; so too from the other methods. It names the folder.
        """
        self._folder = folder
        with self._naming_folder():
            self._writer = SummaryWriter(str(folder), purge_step=self.position.step)

    def close(self) -> None:
        """Finish TensorBoard's files."""
        writer, self._writer = self._writer, None
        if writer is not None:
            with self._naming_folder():
                writer.close()

    def add_step(self, figures: torch.Tensor, *, epoch: int, rate: float) -> None:
        """Count a step.

        Args:
            figures: loss, right predictions and samples of the step and how many processes had been asked to stop,
                on the device.
            epoch: 1-based.
            rate: learning rate of the heads.

        Raises:
            InputError: the loss of the step before is not finite.
        """
        self.position.step += 1
        before, self._pending = self._pending, Pending(self.position.step, epoch, rate, HostCopy(figures))
        self._settle(before)

    def settle(self) -> None:
        """Wait for the figures of every step counted.

        Raises:
            InputError: a loss is not finite.
        """
        last, self._pending = self._pending, None
        self._settle(last)

    def finish_epoch(self, *, rate: float, validation: Validation) -> None:
        """Add the epoch's row to the history; its figures must be settled."""
        position = self.position
        epoch = len(position.history) + 1
        row: Row = {
            "epoch": epoch,
            "loss": position.loss_sum / position.epoch_steps,
            "accuracy": position.correct / position.pictures,
            "learning_rate": rate,
            "pictures_per_second": position.pictures / position.seconds,
            "val_rank1": validation.rank1,
            "val_mAP": validation.mean_ap,
        }
        shown = {name: value for name, value in row.items() if value is not None and name != "epoch"}
        for name, value in shown.items():
            self._log(f"epoch/{name}", value, epoch)
        if self._writer is not None:
            logger.info("epoch %d: %s", epoch, ", ".join(f"{name} {value:.4g}" for name, value in shown.items()))
        self.position = Position(step=position.step, history=[*position.history, row])

    def _settle(self, pending: Pending | None) -> None:
        if pending is None:
            return
        loss, correct, pictures, stops = pending.figures.wait().tolist()
        if not math.isfinite(loss):
            raise InputError(
                f"the loss is {loss} at step {pending.step}, epoch {pending.epoch}, learning rate {pending.rate:g}; "
                f"the last checkpoint is kept: {WAY_ON}"
            )
        if stops and self.stopped_at is None:
            self.stopped_at = pending.step
        self.position.epoch_steps += 1
        self.position.loss_sum += loss
        self.position.correct += int(correct)
        self.position.pictures += int(pictures)
        self._log("train/loss", loss, pending.step)
        self._log("train/learning_rate", pending.rate, pending.step)

    def _log(self, name: str, value: float, step: int) -> None:
        if self._writer is not None:
            with self._naming_folder():
                self._writer.add_scalar(name, value, step)

    @contextlib.contextmanager
    def _naming_folder(self) -> Iterator[None]:
        """Name the folder in an error about what TensorBoard cannot write."""
        try:
            yield
        except OSError as error:
            error.filename = error.filename or str(self._folder)
            raise
