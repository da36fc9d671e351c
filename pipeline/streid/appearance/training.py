"""The training loop.

What a step sees is a pure function of (seed, epoch, step, rank): the batch comes from (seed, epoch), each
sample's augmentation from (seed, epoch, its place in the epoch), dropout from (seed, step, rank). A checkpoint
therefore holds weights, optimiser state and position, and no random state.
"""

import contextlib
import gc
import logging
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import NoReturn

import numpy as np
import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from streid.appearance.appearance_model import AppearanceModel
from streid.appearance.architectures import ARCHITECTURES
from streid.appearance.averaging import WeightAverage
from streid.appearance.checkpoints import Checkpoint, load_checkpoint, save_checkpoint
from streid.appearance.distribution import add_up, wait_for_all
from streid.appearance.inference import PRECISIONS
from streid.appearance.losses import correct_predictions, training_loss
from streid.appearance.optimization import build_optimizer, set_rates
from streid.appearance.progress import progress_bar
from streid.appearance.schedules import rate_factor
from streid.appearance.train_settings import TrainSettings
from streid.appearance.training_log import WAY_ON, Position, Row, TrainingLog
from streid.appearance.validation import Validation
from streid.data.loading import Item, Sample, TrainingSet, load_batches
from streid.data.samplers import epoch_batches
from streid.data.transforms import NetworkInput
from streid.errors import InputError
from streid.stage.circumstances import Circumstances, warn_of_change
from streid.stage.processes import World
from streid.stage.termination import HeldBack, Terminated, held_back

logger = logging.getLogger(__name__)


class Trainer:
    """One training run of one model on one device, or this process's part in one over several.

    Args:
        validate: evaluates the model on held-out identities; None where there are none.
    """

    def __init__(
        self,
        model: AppearanceModel,
        dataset: TrainingSet,
        config: TrainSettings,
        *,
        device: torch.device,
        world: World | None = None,
        validate: Callable[[AppearanceModel], Validation] | None = None,
    ) -> None:
        self.model = model.to(device).to(memory_format=torch.channels_last)
        self.dataset, self.config, self.device = dataset, config, device
        self.world, self.validate = world or World(), validate
        self.learns_cameras = ARCHITECTURES[config.architecture].cameras
        config.check_shares(self.world.size)
        self.optimizer = build_optimizer(model, config)
        self.scaler = torch.amp.GradScaler(device.type, enabled=config.precision == "fp16")
        self.average = WeightAverage(self.model, config.ema_decay) if config.ema_decay else None
        self.batches_per_epoch = len(self._epoch_batches(1))
        self.steps_per_epoch = -(-self.batches_per_epoch // config.accumulate)
        planned = self.steps_per_epoch * config.epochs
        self.total_steps = min(planned, config.max_steps) if config.max_steps else planned
        self.log = TrainingLog()
        self._prepare = NetworkInput(device)
        self._frozen: bool | None = None
        self._checkpoint = Path()
        self._sigterm = HeldBack()
        self._described: Checkpoint = {}
        self._network: nn.Module = model

    @property
    def position(self) -> Position:
        """Where the run stands."""
        return self.log.position

    def run(self, work: Path, fingerprint: str, circumstances: Circumstances | None = None) -> list[Row]:
        """Train to the end, from the checkpoint in `work` if it has one with this fingerprint.

        The model then holds the weights to be saved: their average where `ema_decay` asks for one. On SIGTERM a
        checkpoint is written after the step at work, in several processes after the same step in all of them.

        Args:
            circumstances: what may change the last bits alone; the log says if the checkpoint was made under others.

        Returns:
            One row per epoch: epoch (1-based), loss, accuracy, learning_rate (of the heads, at its last
            step), pictures_per_second, val_rank1 and val_mAP (None where not validated).

        Raises:
            InputError: the loss or a weight is not finite (the last checkpoint stays), or a picture cannot be read.
            Terminated: SIGTERM arrived.
        """
        torch.backends.cudnn.benchmark = True
        self._checkpoint = work / "checkpoint.pt"
        self._described = {"fingerprint": fingerprint, "circumstances": dict(circumstances or {})}
        with held_back() as self._sigterm:
            wait_for_all(self.world, self.device)  # from here on SIGTERM ends none of them before its step
            self._resume()
            if self.world.leads:
                self.log.open(work / "tensorboard")
            self._train()
        if self.average is not None:
            self.model.load_state_dict(self.average.module.state_dict())
        if self.world.leads:
            self._check_weights()
        return self.position.history

    def _train(self) -> None:
        """The steps from the run's position on."""
        with (
            contextlib.closing(self.log),
            contextlib.closing(self._samples()) as batches,
            progress_bar("training", "step", self.total_steps, self.position.step, shown=self.world.leads) as progress,
        ):
            if self.position.epoch_steps and self._epoch_ended():
                self._finish_epoch()
            saved = time.monotonic()
            while self.position.step < self.total_steps:
                self._begin_step()
                self._step(batches)
                progress.update()
                stopping = self._is_stopping()
                if stopping or self._epoch_ended() or time.monotonic() - saved >= self.config.checkpoint_seconds:
                    self._save()
                    saved = time.monotonic()
                if stopping:
                    self._stop()
                if self._epoch_ended():
                    self._finish_epoch()

    def _epoch_batches(self, epoch: int) -> list[list[Item]]:
        """This process's samples of every batch of an epoch."""
        rows_BN = epoch_batches(self.config, self.dataset.labels, seed=self.config.seed, epoch=epoch)
        share = rows_BN.shape[1] // self.world.size
        first = self.world.rank * share
        return [
            [Item(epoch, row, batch * len(rows) + first + place) for place, row in enumerate(rows[first:][:share])]
            for batch, rows in enumerate(rows_BN.tolist())
        ]

    def _plan(self) -> Iterator[list[Item]]:
        """The items of the remaining batches, across epochs, from the run's position on."""
        epoch, step = divmod(self.position.step, self.steps_per_epoch)
        last_epoch = -(-self.total_steps // self.steps_per_epoch)
        for current in range(epoch + 1, last_epoch + 1):
            yield from self._epoch_batches(current)[step * self.config.accumulate :]
            step = 0

    def _samples(self) -> Generator[Sample, None, None]:
        return load_batches(
            self.dataset, self._plan(), workers=self.config.workers, pin_memory=self.device.type == "cuda"
        )

    def _begin_step(self) -> None:
        """Set the random state and the rates of a step; hold or release the early layers with its epoch."""
        config, position = self.config, self.position
        frozen = self._epoch() <= config.freeze_epochs
        if frozen != self._frozen:
            self._frozen = frozen
            self._network = self._wrap(frozen)
        torch.manual_seed(
            int(np.random.SeedSequence((config.seed, position.step, self.world.rank)).generate_state(1)[0])
        )
        set_rates(self.optimizer, config, self._factor())

    def _wrap(self, frozen: bool) -> nn.Module:
        """The model as it is called in training; anew when the weights that learn have changed."""
        self.model.train()
        self.model.freeze_early(frozen)
        network: nn.Module = self.model
        if self.world.size > 1:
            # The wrapping before has hooks on the weights; they must be gone before the new ones come.
            self._network = self.model
            gc.collect()
            devices = [self.device] if self.device.type == "cuda" else None
            network = DistributedDataParallel(network, device_ids=devices)
        return torch.compile(network) if self.config.compile else network  # type: ignore[return-value]

    def _step(self, batches: Iterator[Sample]) -> None:
        """One update of the weights from the next `accumulate` batches, or those left in the epoch."""
        started = time.monotonic()
        done = self.position.step % self.steps_per_epoch * self.config.accumulate
        parts = min(self.config.accumulate, self.batches_per_epoch - done)
        self.optimizer.zero_grad(set_to_none=True)
        figures = torch.tensor([0, 0, 0, self._sigterm.arrived], dtype=torch.float64, device=self.device)
        for part in range(parts):
            with contextlib.nullcontext() if part == parts - 1 else self._apart():
                figures[:3] += self._add_gradients(next(batches), parts)
        add_up(figures, self.world)
        self._update()
        self.log.add_step(figures, epoch=self._epoch(), rate=self._head_rate())
        if self._epoch_ended():
            self.log.settle()
        self.position.seconds += time.monotonic() - started

    def _add_gradients(self, batch: Sample, parts: int) -> torch.Tensor:
        """Add a batch's share to the gradients; returns its loss, right predictions and samples."""
        precision = PRECISIONS[self.config.precision]
        inputs = self._prepare(batch.pictures, batch.erased)
        labels_N = batch.label.to(self.device, non_blocking=True)
        masks_NHW = batch.mask.to(self.device, non_blocking=True)
        cameras = (batch.camera.to(self.device, non_blocking=True),) if self.learns_cameras else ()
        with torch.autocast(self.device.type, precision, enabled=precision != torch.float32):
            outputs = self._network(inputs, *cameras)
        loss = training_loss(outputs, labels_N, masks_NHW, self.config)
        self.scaler.scale(loss / parts).backward()  # type: ignore[no-untyped-call]
        correct = correct_predictions(outputs, labels_N, self.config)
        share = loss.detach() / (parts * self.world.size)
        return torch.stack([share.double(), correct.double(), torch.full_like(share, len(labels_N)).double()])

    def _apart(self) -> contextlib.AbstractContextManager[None]:
        """Gradients stay in this process while the block runs: others are to be added to them."""
        if self.world.size == 1:
            return contextlib.nullcontext()
        network = getattr(self._network, "_orig_mod", self._network)
        return network.no_sync()  # type: ignore[no-any-return,operator]

    def _update(self) -> None:
        if self.config.clip_norm:
            self.scaler.unscale_(self.optimizer)
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip_norm)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        if self.average is not None:
            self.average.update_parameters(self.model)

    def _epoch(self) -> int:
        return self.position.step // self.steps_per_epoch + 1

    def _factor(self) -> float:
        return rate_factor(self.config, self.position.step / self.steps_per_epoch)

    def _head_rate(self) -> float:
        return float(self.optimizer.param_groups[1]["lr"])

    def _epoch_ended(self) -> bool:
        return self.position.step % self.steps_per_epoch == 0 or self.position.step == self.total_steps

    def _is_stopping(self) -> bool:
        """Whether to stop after this step; the processes of a run all get the same answer."""
        if self.world.size == 1:
            return self._sigterm.arrived
        # The last step's figures are known to all of them at an epoch's end alone.
        at = self.log.stopped_at
        return at is not None and (at < self.position.step or self._epoch_ended())

    def _stop(self) -> NoReturn:
        if self.world.leads:
            logger.info("SIGTERM: checkpoint written after step %d of %d", self.position.step, self.total_steps)
        raise Terminated

    def _finish_epoch(self) -> None:
        """Validate and add the epoch's row; the checkpoint of its last step is written already."""
        with self._sigterm.released():
            validation = self._validate(len(self.position.history) + 1)
        self.log.finish_epoch(rate=self._head_rate(), validation=validation)

    def _validate(self, epoch: int) -> Validation:
        every = self.config.validate_every
        if self.validate is None or not every or (epoch % every and self.position.step < self.total_steps):
            return Validation(rank1=None, mean_ap=None)
        evaluated = self.model if self.average is None else self.average.module
        validation = self.validate(evaluated)  # type: ignore[arg-type]  # a copy of the model
        self.model.train()
        return validation

    def _resume(self) -> None:
        checkpoint = load_checkpoint(self._checkpoint, self._described["fingerprint"])
        if checkpoint is None:
            return
        self.model.load_state_dict(checkpoint["model"])
        self.optimizer.load_state_dict(checkpoint["optimizer"])
        self.scaler.load_state_dict(checkpoint["scaler"])
        if self.average is not None:
            self.average.load_state_dict(checkpoint["average"])
        self.log.position = Position(**checkpoint["position"])
        logger.info("resumed after step %d of %d", self.position.step, self.total_steps)
        if self.world.leads:
            warn_of_change(checkpoint.get("circumstances", {}), self._described["circumstances"])

    def _check_weights(self) -> None:
        """Refuse weights that an update has spoilt; the loss would show it only at the next step."""
        for name, value in self.model.state_dict().items():
            if not value.isfinite().all():
                raise InputError(
                    f"{name} is not finite after step {self.position.step}, learning rate {self._head_rate():g}; "
                    f"the last checkpoint is kept: {WAY_ON}"
                )

    def _save(self) -> None:
        self.log.settle()
        if not self.world.leads:
            return
        self._check_weights()
        checkpoint = self._described | {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
            "average": self.average.state_dict() if self.average is not None else None,
            "position": asdict(self.position),
        }
        save_checkpoint(self._checkpoint, checkpoint)
