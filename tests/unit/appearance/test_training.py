"""The training loop: schedules and losses by hand, exact resume, and what stops a run."""

import math
from pathlib import Path

import pytest
import torch
from conftest import write_picture

from streid.appearance.checkpoints import load_checkpoint
from streid.appearance.losses import correct_predictions, identity_loss
from streid.appearance.models import ModelConfig, build_model
from streid.appearance.schedules import ScheduleConfig, rate_factor
from streid.appearance.training import Trainer, TrainingConfig
from streid.data.loading import PictureDataset
from streid.data.transforms import AugmentationConfig, training_transform
from streid.errors import InputError


def test_step_schedule_drops_after_its_epochs() -> None:
    config = ScheduleConfig(schedule="step", epochs=60, step_epochs=(40, 50))
    assert [rate_factor(config, progress) for progress in (0, 39.99, 40, 50)] == pytest.approx([1, 1, 0.1, 0.01])


def test_cosine_schedule_warms_up_and_falls_to_zero() -> None:
    config = ScheduleConfig(schedule="cosine", epochs=12, warmup_epochs=2)
    assert [rate_factor(config, progress) for progress in (0, 1, 2, 7, 12)] == pytest.approx([0.1, 0.55, 1, 0.5, 0])


@pytest.mark.parametrize("changes", [{"schedule": "linear"}, {"epochs": 0}, {"warmup_epochs": 3.0}])
def test_unusable_schedules_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(InputError):
        ScheduleConfig(**{"schedule": "step", "epochs": 3} | changes)  # type: ignore[arg-type]


def test_identity_loss_adds_the_heads() -> None:
    logits = [torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 1.0]])]
    labels = torch.tensor([0])
    by_hand = math.log(1 + math.exp(-2)) + math.log(1 + math.exp(1))
    assert float(identity_loss(logits, labels)) == pytest.approx(by_hand, rel=1e-6)
    smoothed = 0.9 * by_hand + 0.05 * (by_hand + math.log(1 + math.exp(2)) + math.log(1 + math.exp(-1)))
    assert float(identity_loss(logits, labels, 0.1)) == pytest.approx(smoothed, rel=1e-6)
    assert int(correct_predictions(logits, labels)) == 1


@pytest.fixture
def dataset(tmp_path: Path) -> PictureDataset:
    paths = [f"{number}.jpg" for number in range(10)]
    for number, path in enumerate(paths):
        write_picture(tmp_path / path, seed=number)
    augmentation = AugmentationConfig(height=64, width=32, crop_scale=1.2)
    return PictureDataset(tmp_path, paths, [number % 3 for number in range(10)], training_transform(augmentation))


def make_trainer(dataset: PictureDataset, *, epochs: int = 3, **changes: object) -> Trainer:
    values: dict[str, object] = {"batch_size": 4, "backbone_rate": 0.01, "head_rate": 0.02, "checkpoint_seconds": 0.0}
    config = TrainingConfig(
        schedule=ScheduleConfig(schedule="cosine", epochs=epochs),
        **values | changes,  # type: ignore[arg-type]
    )
    torch.manual_seed(0)
    shape = ModelConfig(architecture="pcb", backbone="resnet18", identities=3, height=64, width=32)
    return Trainer(build_model(shape), dataset, config, device=torch.device("cpu"))


def weights(trainer: Trainer) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in trainer.model.state_dict().items()}


def interrupt_after(trainer: Trainer, steps: int) -> None:
    """Let the trainer die after some steps, as a killed process would: what is not on disk is lost."""
    take_step = trainer._step

    def step(*arguments: object) -> None:
        if trainer.position.step == steps:
            raise KeyboardInterrupt
        take_step(*arguments)  # type: ignore[arg-type]

    trainer._step = step  # type: ignore[method-assign]


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_an_interrupted_run_ends_with_the_same_weights(dataset: PictureDataset, tmp_path: Path, steps: int) -> None:
    undisturbed = make_trainer(dataset)
    history = undisturbed.run(tmp_path / "a", "fingerprint")
    interrupted = make_trainer(dataset)
    interrupt_after(interrupted, steps)
    with pytest.raises(KeyboardInterrupt):
        interrupted.run(tmp_path / "b", "fingerprint")
    resumed = make_trainer(dataset, workers=1)
    again = resumed.run(tmp_path / "b", "fingerprint")
    for name, value in weights(undisturbed).items():
        assert torch.equal(value, weights(resumed)[name]), name
    for row, other in zip(history, again, strict=True):
        assert {**row, "pictures_per_second": 0} == {**other, "pictures_per_second": 0}
    assert [row["epoch"] for row in history] == [1, 2, 3]


def test_another_fingerprint_starts_afresh(dataset: PictureDataset, tmp_path: Path) -> None:
    make_trainer(dataset).run(tmp_path, "one")
    assert load_checkpoint(tmp_path / "checkpoint.pt", "two") is None
    assert load_checkpoint(tmp_path / "checkpoint.pt", "one") is not None
    (tmp_path / "checkpoint.pt").write_bytes(b"PK\x03\x04 cut off")
    assert load_checkpoint(tmp_path / "checkpoint.pt", "one") is None
    (tmp_path / "checkpoint.pt").write_bytes(b"")
    assert load_checkpoint(tmp_path / "checkpoint.pt", "one") is None


def test_max_steps_ends_a_run_early(dataset: PictureDataset, tmp_path: Path) -> None:
    trainer = make_trainer(dataset, max_steps=3)
    history = trainer.run(tmp_path, "f")
    assert trainer.position.step == 3
    assert [row["epoch"] for row in history] == [1, 2]


def test_training_learns_its_pictures(dataset: PictureDataset, tmp_path: Path) -> None:
    history = make_trainer(dataset, epochs=30, batch_size=10, head_rate=0.05).run(tmp_path, "f")
    assert history[-1]["loss"] < 0.7 * history[0]["loss"]


def test_a_loss_that_is_not_finite_stops_and_keeps_the_checkpoint(dataset: PictureDataset, tmp_path: Path) -> None:
    trainer = make_trainer(dataset)
    interrupt_after(trainer, 2)
    with pytest.raises(KeyboardInterrupt):
        trainer.run(tmp_path, "f")
    broken = make_trainer(dataset)
    broken.model.heads[0].classify.forward = lambda features: features[:, :3] * math.nan  # type: ignore[union-attr,index,method-assign]
    with pytest.raises(InputError, match="loss is nan at step 3, epoch 2, learning rate"):
        broken.run(tmp_path, "f")
    kept = load_checkpoint(tmp_path / "checkpoint.pt", "f")
    assert kept is not None
    assert kept["position"]["step"] == 2


@pytest.mark.parametrize("workers", [0, 1])
def test_an_unreadable_picture_is_named(dataset: PictureDataset, tmp_path: Path, workers: int) -> None:
    (tmp_path / "3.jpg").write_bytes(b"no picture")
    with pytest.raises(InputError) as refused:
        make_trainer(dataset, workers=workers).run(tmp_path / "work", "f")
    assert str(refused.value).startswith(str(tmp_path / "3.jpg"))
    assert "\n" not in str(refused.value)
