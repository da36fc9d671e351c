"""The training loop: resumable at any step, the same weights whether or not it was interrupted.

What a step sees is a pure function of (seed, epoch, step): the batch comes from (seed, epoch), each
picture's augmentation from (seed, epoch, row), dropout from (seed, step). A checkpoint therefore holds
weights, optimiser state and position, and no random state.
"""

import logging
import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from torch.utils.tensorboard import SummaryWriter

from streid.appearance.checkpoints import load_checkpoint, save_checkpoint
from streid.appearance.losses import correct_predictions, identity_loss
from streid.appearance.outputs import AppearanceModel, Outputs
from streid.appearance.progress import progress_bar
from streid.appearance.schedules import ScheduleConfig, rate_factor
from streid.data.loading import Item, PictureDataset, load_batches
from streid.data.samplers import epoch_batches
from streid.errors import InputError

logger = logging.getLogger(__name__)

PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """How a model is trained.

    epochs: passes over the pictures. max_steps: stop after so many steps in all (0: no limit).
    batch_size: pictures per step. backbone_rate, head_rate: SGD's base rates for the pretrained layers and
    the new ones. momentum (Nesterov), weight_decay. clip_norm: largest gradient norm (0: no clipping).
    label_smoothing: of the cross-entropy. precision: fp32, or bf16/fp16 by autocast. workers: processes
    that read pictures. checkpoint_seconds: time between checkpoints within an epoch.
    """

    schedule: ScheduleConfig
    batch_size: int
    backbone_rate: float
    head_rate: float
    momentum: float = 0.9
    weight_decay: float = 5e-4
    clip_norm: float = 0.0
    label_smoothing: float = 0.0
    precision: str = "fp32"
    max_steps: int = 0
    seed: int = 0
    workers: int = 0
    checkpoint_seconds: float = 120.0

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS:
            raise InputError(f"unknown precision {self.precision!r}; known: {', '.join(PRECISIONS)}")
        if self.batch_size < 2:
            raise InputError("batch_size must be at least 2, batch normalisation needs it")

    def deciding(self) -> "TrainingConfig":
        """The configuration without what cannot change the trained weights, for fingerprints."""
        return replace(self, workers=0, checkpoint_seconds=0.0)


@dataclass
class Position:
    """Where a run stands: steps done in all, the running epoch's sums, and the finished epochs' rows."""

    step: int = 0
    epoch_steps: int = 0
    loss_sum: float = 0.0
    correct: int = 0
    pictures: int = 0
    seconds: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)


class Trainer:
    """One training run of one model on one device."""

    def __init__(
        self, model: AppearanceModel, dataset: PictureDataset, config: TrainingConfig, *, device: torch.device
    ) -> None:
        self.model = model.to(device).to(memory_format=torch.channels_last)
        self.dataset, self.config, self.device = dataset, config, device
        backbone = list(model.backbone.parameters())
        known = {id(parameter) for parameter in backbone}
        heads = [parameter for parameter in model.parameters() if id(parameter) not in known]
        groups = [{"params": backbone, "lr": config.backbone_rate}, {"params": heads, "lr": config.head_rate}]
        self.optimizer = torch.optim.SGD(
            groups, momentum=config.momentum, weight_decay=config.weight_decay, nesterov=config.momentum > 0
        )
        self.scaler = torch.amp.GradScaler(device.type, enabled=config.precision == "fp16")
        self.steps_per_epoch = len(epoch_batches(len(dataset), config.batch_size, seed=config.seed, epoch=1))
        planned = self.steps_per_epoch * config.schedule.epochs
        self.total_steps = min(planned, config.max_steps) if config.max_steps else planned
        self.position = Position()

    def run(self, work: Path, fingerprint: str) -> list[dict[str, float]]:
        """Train to the end, from the checkpoint in `work` if it has one with this fingerprint.

        Returns:
            One row per epoch: epoch (1-based), loss, accuracy, learning_rate (of the heads, at its last
            step), pictures_per_second.

        Raises:
            InputError: the loss is not finite (the last checkpoint stays), or a picture cannot be read.
        """
        checkpoint_path = work / "checkpoint.pt"
        self._resume(checkpoint_path, fingerprint)
        saved = time.monotonic()
        with SummaryWriter(str(work / "tensorboard"), purge_step=self.position.step) as writer:
            for pictures, labels in self._batches():
                started = time.monotonic()
                self._step(pictures, labels, writer)
                self.position.seconds += time.monotonic() - started
                if self._epoch_ended():
                    self._finish_epoch(writer)
                elif time.monotonic() - saved < self.config.checkpoint_seconds:
                    continue
                self._save(checkpoint_path, fingerprint)
                saved = time.monotonic()
        return self.position.history

    def _batches(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        batches = load_batches(
            self.dataset, self._plan(), workers=self.config.workers, pin_memory=self.device.type == "cuda"
        )
        with progress_bar("training", "step", self.total_steps, self.position.step) as progress:
            waiting = time.monotonic()
            for pictures, labels in batches:
                self.position.seconds += time.monotonic() - waiting
                yield pictures, labels
                progress.update()
                waiting = time.monotonic()

    def _plan(self) -> Iterator[list[Item]]:
        """The remaining steps' (epoch, row) items, across epochs, from the run's position on."""
        step = self.position.step
        while step < self.total_steps:
            epoch = step // self.steps_per_epoch + 1
            batches = epoch_batches(len(self.dataset), self.config.batch_size, seed=self.config.seed, epoch=epoch)
            for rows in batches[step % self.steps_per_epoch :][: self.total_steps - step]:
                yield [(epoch, int(row)) for row in rows]
                step += 1

    def _step(self, pictures: torch.Tensor, labels: torch.Tensor, writer: SummaryWriter) -> None:
        position, config = self.position, self.config
        torch.manual_seed(int(np.random.SeedSequence((config.seed, position.step)).generate_state(1)[0]))
        factor = rate_factor(config.schedule, position.step / self.steps_per_epoch)
        for group, rate in zip(self.optimizer.param_groups, (config.backbone_rate, config.head_rate), strict=True):
            group["lr"] = rate * factor
        pictures = pictures.to(self.device, memory_format=torch.channels_last, non_blocking=True)
        labels = labels.to(self.device, non_blocking=True)
        self.model.train()
        with torch.autocast(
            self.device.type, PRECISIONS[config.precision], enabled=PRECISIONS[config.precision] != torch.float32
        ):
            outputs: Outputs = self.model(pictures)
        loss = identity_loss(outputs.logits, labels, config.label_smoothing)
        value = float(loss.detach())
        if not math.isfinite(value):
            raise InputError(
                f"the loss is {value} at step {position.step + 1}, epoch {self._epoch()}, learning rate "
                f"{config.head_rate * factor:g}; the last checkpoint is kept: lower the rates or set clip_norm"
            )
        self._update(loss)
        position.step += 1
        position.epoch_steps += 1
        position.loss_sum += value
        position.correct += int(correct_predictions(outputs.logits, labels))
        position.pictures += len(labels)
        writer.add_scalar("train/loss", value, position.step)
        writer.add_scalar("train/learning_rate", config.head_rate * factor, position.step)

    def _update(self, loss: torch.Tensor) -> None:
        self.optimizer.zero_grad(set_to_none=True)
        self.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        if self.config.clip_norm:
            self.scaler.unscale_(self.optimizer)
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip_norm)
        self.scaler.step(self.optimizer)
        self.scaler.update()

    def _epoch(self) -> int:
        return self.position.step // self.steps_per_epoch + 1

    def _epoch_ended(self) -> bool:
        return self.position.step % self.steps_per_epoch == 0 or self.position.step == self.total_steps

    def _finish_epoch(self, writer: SummaryWriter) -> None:
        position = self.position
        row = {
            "epoch": len(position.history) + 1,
            "loss": position.loss_sum / position.epoch_steps,
            "accuracy": position.correct / position.pictures,
            "learning_rate": self.optimizer.param_groups[1]["lr"],
            "pictures_per_second": position.pictures / position.seconds,
        }
        for name in ("loss", "accuracy", "pictures_per_second"):
            writer.add_scalar(f"epoch/{name}", row[name], row["epoch"])
        logger.info(
            "epoch %(epoch)d: loss %(loss).4f, accuracy %(accuracy).3f, %(pictures_per_second).1f pictures/s", row
        )
        self.position = Position(step=position.step, history=[*position.history, row])

    def _resume(self, path: Path, fingerprint: str) -> None:
        checkpoint = load_checkpoint(path, fingerprint)
        if checkpoint is None:
            return
        self.model.load_state_dict(checkpoint["model"])
        self.optimizer.load_state_dict(checkpoint["optimizer"])
        self.scaler.load_state_dict(checkpoint["scaler"])
        self.position = Position(**checkpoint["position"])
        logger.info("resumed after step %d of %d", self.position.step, self.total_steps)

    def _save(self, path: Path, fingerprint: str) -> None:
        checkpoint = {
            "fingerprint": fingerprint,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
            "position": asdict(self.position),
        }
        save_checkpoint(path, checkpoint)
