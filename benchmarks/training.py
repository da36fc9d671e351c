"""How much of the bare model's speed training and extraction keep when they read pictures from files.

Prints, side by side in one run, pictures per second of the bare model on a fixed batch in memory and of streid's loop
on JPEG files of Market-1501's size, for training and for extraction. The rounds take turns, so that what else the
machine does falls on both; each figure is the median over rounds, of the ratios too.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "pipeline"))

from streid.appearance.appearance_model import AppearanceModel, retrieval_features
from streid.appearance.inference import PRECISIONS, Inference
from streid.appearance.losses import training_loss
from streid.appearance.models import ModelConfig, build_model
from streid.appearance.optimization import build_optimizer
from streid.appearance.train_settings import TrainSettings
from streid.appearance.training import Trainer
from streid.data.loading import TrainingSet
from streid.data.picture_source import PictureSource
from streid.stage.cli import non_negative_int, positive_int
from streid.stage.devices import choose_device

IDENTITIES = 751


@dataclass(frozen=True, kw_only=True)
class Case:
    """What is measured, and where."""

    shape: ModelConfig
    precision: str
    batch_size: int
    device: torch.device
    workers: int
    source: PictureSource
    paths: list[tuple[str]]

    @property
    def steps(self) -> int:
        """Batches of a round."""
        return len(self.paths) // self.batch_size

    def settings(self) -> TrainSettings:
        """One warm-up epoch, then the measured one."""
        return TrainSettings.of(
            height=self.shape.height,
            width=self.shape.width,
            padding=10,
            batch_size=self.batch_size,
            epochs=2,
            backbone_rate=1e-4,
            head_rate=1e-3,
            precision=self.precision,
            workers=self.workers,
            checkpoint_seconds=3600.0,
        )

    def autocast(self) -> torch.autocast:
        """The precision, as training and extraction set it."""
        precision = PRECISIONS[self.precision]
        return torch.autocast(self.device.type, precision, enabled=precision != torch.float32)

    def batch(self) -> torch.Tensor:
        """A batch on the device, ready for the model."""
        size = (self.batch_size, 3, self.shape.height, self.shape.width)
        return torch.randn(size, device=self.device).to(memory_format=torch.channels_last)

    def model(self) -> AppearanceModel:
        """A fresh model on the device."""
        return build_model(self.shape).to(self.device).to(memory_format=torch.channels_last)


def write_pictures(folder: Path, count: int) -> list[tuple[str]]:
    """JPEG files of 64 x 128 pixels with smooth content and some noise, about 3 KB each as Market-1501's."""
    generator = np.random.default_rng(0)
    paths = [(f"{number:05d}.jpg",) for number in range(count)]
    for (path,) in paths:
        coarse = Image.fromarray(generator.integers(0, 256, (12, 6, 3), np.uint8)).resize((64, 128))
        noisy = np.asarray(coarse) + generator.normal(0, 6, (128, 64, 3))
        Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(folder / path, quality=85)
    return paths


def settled_clock(device: torch.device) -> float:
    """The time once the device has done everything asked of it."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


def bare_training(case: Case) -> float:
    """Pictures per second of forward, backward and update on one batch in memory."""
    model = case.model().train()
    optimizer = build_optimizer(model, case.settings())
    pictures, labels = case.batch(), torch.arange(case.batch_size, device=case.device) % IDENTITIES
    no_masks = torch.empty(0)
    started = 0.0
    for step in range(2 * case.steps):
        if step == case.steps:
            started = settled_clock(case.device)
        optimizer.zero_grad(set_to_none=True)
        with case.autocast():
            outputs = model(pictures)
        training_loss(outputs, labels, no_masks, case.settings()).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return case.steps * case.batch_size / (settled_clock(case.device) - started)


def our_training(case: Case) -> float:
    """Pictures per second of the second epoch of streid's training, from files, with flips, crops and erasing."""
    labels = [row % IDENTITIES for row in range(len(case.paths))]
    dataset = TrainingSet(case.source, case.paths, labels, case.settings())
    trainer = Trainer(build_model(case.shape), dataset, case.settings(), device=case.device)
    with tempfile.TemporaryDirectory() as work:
        history = trainer.run(Path(work), "benchmark")
    return float(history[1]["pictures_per_second"] or 0)


@torch.inference_mode()
def bare_extraction(case: Case) -> float:
    """Pictures per second of a batch in memory and its mirror image going through the model."""
    model, pictures = case.model().eval(), case.batch()
    started = 0.0
    for step in range(2 * case.steps):
        if step == case.steps:
            started = settled_clock(case.device)
        with case.autocast():
            retrieval_features(model, pictures)
    return case.steps * case.batch_size / (settled_clock(case.device) - started)


def our_extraction(case: Case) -> float:
    """Pictures per second from files to features in memory: the second of three chunks.

    What is begun for the third in its time is what was begun for it in the first's.
    """
    inference = Inference(
        config=case.shape,
        source=case.source,
        device=case.device,
        batch_size=case.batch_size,
        precision=case.precision,
        workers=case.workers,
    )
    computed = inference.features(case.model(), [case.paths] * 3)
    next(computed)
    started = time.perf_counter()
    next(computed)
    return len(case.paths) / (time.perf_counter() - started)


def measure(case: Case, rounds: int) -> list[tuple[str, float, float, float]]:
    """Median pictures per second of the bare model and of streid, and their ratio, for training and extraction."""
    pairs: list[tuple[str, Callable[[Case], float], Callable[[Case], float]]] = [
        ("training", bare_training, our_training),
        ("extraction", bare_extraction, our_extraction),
    ]
    rows = []
    for name, bare, ours in pairs:
        speeds = [(bare(case), ours(case)) for _ in range(rounds)]
        ratio = statistics.median(mine / theirs for theirs, mine in speeds)
        theirs, mine = (statistics.median(column) for column in zip(*speeds, strict=True))
        rows.append((name, theirs, mine, ratio))
    return rows


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    add = parser.add_argument
    add("--device", choices=("auto", "cpu", "cuda"), default="auto", help="where to compute")
    add("--threads", type=positive_int, default=torch.get_num_threads(), help="CPU threads of the model")
    add("--workers", type=non_negative_int, help="processes that read (default: 0 on CPU, 12 beside a GPU)")
    add("--batches", type=positive_int, help="of a round (default: 3 on CPU, 100 on a GPU)")
    add("--rounds", type=positive_int, default=3, help="of which the median counts")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    device = choose_device(arguments.device)
    torch.set_num_threads(arguments.threads)
    torch.backends.cudnn.benchmark = True
    on_gpu = device.type == "cuda"
    architecture, height, width = ("pcb", 384, 192) if on_gpu else ("baseline", 256, 128)
    batch_size = 64 if on_gpu else 16
    shape = ModelConfig(
        architecture=architecture, backbone="resnet50", identities=IDENTITIES, height=height, width=width
    )
    workers = arguments.workers if arguments.workers is not None else 12 * on_gpu
    batches = arguments.batches or (100 if on_gpu else 3)
    with tempfile.TemporaryDirectory() as folder:
        case = Case(
            shape=shape,
            precision="bf16" if on_gpu else "fp32",
            batch_size=batch_size,
            device=device,
            workers=workers,
            source=PictureSource(Path(folder)),
            paths=write_pictures(Path(folder), batches * batch_size),
        )
        rows = measure(case, arguments.rounds)
    where = torch.cuda.get_device_name(device) if on_gpu else f"CPU, {arguments.threads} threads"
    print(
        f"{architecture}, resnet50, {height}x{width}, {case.precision}, batch {batch_size}, {workers} workers; {where}"
    )
    print(f"{'pictures/s':12}{'bare model':>12}{'streid':>12}{'ratio':>8}")
    for name, bare, ours, ratio in rows:
        print(f"{name:12}{bare:12.1f}{ours:12.1f}{ratio:8.3f}")


if __name__ == "__main__":
    main()
