"""The training loop: exact resume, accumulation, averaging, freezing, validation, and what stops a run."""

import logging
import math
import os
import signal
from pathlib import Path
from typing import Any

import pytest
import torch
from unit.appearance.tiny import TinyModel, interrupt_after, tiny_config, tiny_dataset, tiny_trainer, weights

from streid.appearance.checkpoints import load_checkpoint
from streid.appearance.models import ModelConfig, build_model
from streid.appearance.training import Trainer
from streid.appearance.validation import Validation
from streid.data.loading import TrainingSet
from streid.data.sample_settings import AugmentationSettings
from streid.errors import InputError
from streid.stage.termination import Terminated

pytestmark = pytest.mark.slow

PLAIN = AugmentationSettings(height=64, width=32, flip=0, erasing=0)


@pytest.fixture
def dataset(tmp_path: Path) -> TrainingSet:
    return tiny_dataset(tmp_path)


def without_speed(history: list[dict[str, float | None]]) -> list[dict[str, float | None]]:
    return [{**row, "pictures_per_second": None} for row in history]


SETTINGS: list[dict[str, Any]] = [
    {},
    {"sampler": "pk", "triplet": "euclidean", "label_smoothing": 0.1},
    {"accumulate": 3, "clip_norm": 0.5},
    {"ema_decay": 0.8, "optimizer": "adamw", "freeze_epochs": 1},
    {"precision": "fp16", "optimizer": "adam"},
    {"precision": "bf16", "ema_decay": 0.5, "sampler": "pk", "triplet": "cosine"},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda settings: "-".join(settings) or "plain")
@pytest.mark.parametrize("steps", [1, 3])
def test_an_interrupted_run_ends_with_the_same_weights(
    dataset: TrainingSet, tmp_path: Path, settings: dict[str, Any], steps: int
) -> None:
    undisturbed = tiny_trainer(dataset, tiny_config(**settings))
    history = undisturbed.run(tmp_path / "a", "fingerprint")
    interrupted = tiny_trainer(dataset, tiny_config(**settings))
    interrupt_after(interrupted, steps)
    with pytest.raises(KeyboardInterrupt):
        interrupted.run(tmp_path / "b", "fingerprint")
    resumed = tiny_trainer(dataset, tiny_config(workers=1, **settings))
    again = resumed.run(tmp_path / "b", "fingerprint")
    assert resumed.position.step > steps
    for name, value in weights(undisturbed).items():
        assert torch.equal(value, weights(resumed)[name]), name
    assert without_speed(history) == without_speed(again)
    assert [row["epoch"] for row in history] == [1, 2, 3]


def test_a_real_model_resumes_exactly(dataset: TrainingSet, tmp_path: Path) -> None:
    def trainer() -> Trainer:
        torch.manual_seed(0)
        shape = ModelConfig(architecture="pcb", backbone="resnet18", identities=4, height=64, width=32)
        return Trainer(build_model(shape), dataset, tiny_config(epochs=1), device=torch.device("cpu"))

    undisturbed, interrupted, resumed = trainer(), trainer(), trainer()
    undisturbed.run(tmp_path / "a", "f")
    interrupt_after(interrupted, 2)
    with pytest.raises(KeyboardInterrupt):
        interrupted.run(tmp_path / "b", "f")
    resumed.run(tmp_path / "b", "f")
    for name, value in weights(undisturbed).items():
        assert torch.equal(value, weights(resumed)[name]), name


def terminate_after(trainer: Trainer, step: int) -> None:
    """Send SIGTERM to this process in the middle of a step."""
    update = trainer._update

    def noting() -> None:
        update()
        if trainer.position.step == step - 1:
            os.kill(os.getpid(), signal.SIGTERM)

    trainer._update = noting  # type: ignore[method-assign]


@pytest.mark.parametrize("step", [1, 4, 7, 12])
def test_sigterm_writes_a_checkpoint_after_the_step_at_work(dataset: TrainingSet, tmp_path: Path, step: int) -> None:
    config = tiny_config(checkpoint_seconds=3600.0, ema_decay=0.8)
    undisturbed, stopped, resumed = (tiny_trainer(dataset, config) for _ in range(3))
    history = undisturbed.run(tmp_path / "a", "f")
    assert undisturbed.position.step == 12
    terminate_after(stopped, step)
    with pytest.raises(Terminated):
        stopped.run(tmp_path / "b", "f")
    kept = load_checkpoint(tmp_path / "b" / "checkpoint.pt", "f")
    assert kept is not None
    assert kept["position"]["step"] == step
    again = resumed.run(tmp_path / "b", "f")
    assert [row["loss"] for row in again] == [row["loss"] for row in history]
    for name, value in weights(undisturbed).items():
        assert torch.equal(value, weights(resumed)[name]), name


@pytest.mark.parametrize("how", ["SIGTERM", "killed"])
@pytest.mark.parametrize("epoch", [1, 3])
def test_an_epoch_whose_validation_was_interrupted_is_only_validated_again(
    dataset: TrainingSet, tmp_path: Path, how: str, epoch: int
) -> None:
    validated = []

    def validate(_: object) -> Validation:
        validated.append(trainer.position.step)
        if len(validated) == epoch and how == "SIGTERM":
            os.kill(os.getpid(), signal.SIGTERM)
        if len(validated) == epoch and how == "killed":
            raise KeyboardInterrupt
        return Validation(rank1=0.5, mean_ap=trainer.position.step / 100)

    config = tiny_config(validate_every=1)
    trainer = tiny_trainer(dataset, config, validate=validate)
    with pytest.raises((Terminated, KeyboardInterrupt)):
        trainer.run(tmp_path, "f")
    trainer = tiny_trainer(dataset, config, validate=validate)
    history = trainer.run(tmp_path, "f")
    assert [row["val_mAP"] for row in history] == [0.04, 0.08, 0.12]
    assert sorted(validated) == sorted([4, 8, 12, 4 * epoch])


def test_other_circumstances_are_reported_and_the_run_is_resumed(
    dataset: TrainingSet, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    stopped = tiny_trainer(dataset, tiny_config())
    interrupt_after(stopped, 5)
    with pytest.raises(KeyboardInterrupt):
        stopped.run(tmp_path, "f", {"threads": "4"})
    tiny_trainer(dataset, tiny_config()).run(tmp_path, "f", {"threads": "1"})
    assert "resumed after step 5 of 12" in caplog.text
    assert "resuming with threads 1 instead of 4: the result may differ in its last bits" in caplog.text


def test_a_finished_run_that_could_not_save_its_model_ends_at_once(dataset: TrainingSet, tmp_path: Path) -> None:
    config = tiny_config(ema_decay=0.8)
    first = tiny_trainer(dataset, config)
    history = first.run(tmp_path / "work", "f")
    again = tiny_trainer(dataset, config)
    interrupt_after(again, first.position.step)
    assert again.run(tmp_path / "work", "f") == history
    for name, value in weights(first).items():
        assert torch.equal(value, weights(again)[name]), name


def test_accumulated_batches_are_one_bigger_batch(tmp_path: Path) -> None:
    dataset = tiny_dataset(tmp_path, augmentation=PLAIN)
    small = tiny_trainer(dataset, tiny_config(batch_size=4, accumulate=2), norm=False, dropout=0.0)
    big = tiny_trainer(dataset, tiny_config(batch_size=8), norm=False, dropout=0.0)
    small_history, big_history = small.run(tmp_path / "a", "f"), big.run(tmp_path / "b", "f")
    assert small.position.step == big.position.step == 6
    for name, value in weights(big).items():
        torch.testing.assert_close(weights(small)[name], value, rtol=1e-5, atol=1e-7)
    for row, other in zip(small_history, big_history, strict=True):
        assert row["loss"] == pytest.approx(other["loss"], rel=1e-5)
        assert row["accuracy"] == other["accuracy"]


def test_the_last_step_of_an_epoch_takes_the_batches_left(dataset: TrainingSet, tmp_path: Path) -> None:
    trainer = tiny_trainer(dataset, tiny_config(accumulate=3))
    assert (trainer.batches_per_epoch, trainer.steps_per_epoch) == (4, 2)
    seen: list[int] = []
    add_gradients = trainer._add_gradients
    trainer._add_gradients = lambda batch, parts: (seen.append(parts), add_gradients(batch, parts))[1]  # type: ignore[method-assign,func-returns-value]
    trainer.run(tmp_path / "work", "f")
    assert seen == [3, 3, 3, 1] * 3


def test_the_average_is_what_is_validated_and_kept(dataset: TrainingSet, tmp_path: Path) -> None:
    validated: list[dict[str, torch.Tensor]] = []

    def validate(model: torch.nn.Module) -> Validation:
        model.eval()
        validated.append({name: value.clone() for name, value in model.state_dict().items()})
        return Validation(rank1=0.5, mean_ap=0.25)

    averaged = tiny_trainer(dataset, tiny_config(ema_decay=0.9, validate_every=1), validate=validate)
    plain = tiny_trainer(dataset, tiny_config())
    history = averaged.run(tmp_path / "a", "f")
    plain.run(tmp_path / "b", "f")
    assert [(row["val_rank1"], row["val_mAP"]) for row in history] == [(0.5, 0.25)] * 3
    assert len(validated) == 3
    for name, value in weights(averaged).items():
        assert torch.equal(value, validated[-1][name]), name
    assert averaged.average is not None
    assert not torch.equal(weights(averaged)["classify.weight"], weights(plain)["classify.weight"])
    # The weights that learn are untouched by averaging and validation.
    kept, other = (load_checkpoint(tmp_path / name / "checkpoint.pt", "f") for name in "ab")
    assert kept is not None
    assert other is not None
    for name, value in other["model"].items():
        assert torch.equal(value, kept["model"][name]), name


def test_validation_comes_every_so_many_epochs_and_at_the_end(dataset: TrainingSet, tmp_path: Path) -> None:
    config = tiny_config(epochs=5, validate_every=2)
    trainer = tiny_trainer(dataset, config, validate=lambda _: Validation(rank1=1.0, mean_ap=1.0))
    assert [row["val_mAP"] for row in trainer.run(tmp_path / "a", "f")] == [None, 1.0, None, 1.0, 1.0]
    assert trainer.model.training
    never = tiny_trainer(dataset, tiny_config(epochs=2), validate=lambda _: Validation(rank1=1.0, mean_ap=1.0))
    assert [row["val_mAP"] for row in never.run(tmp_path / "b", "f")] == [None, None]


def test_early_layers_keep_still_for_their_epochs(dataset: TrainingSet, tmp_path: Path) -> None:
    trainer = tiny_trainer(dataset, tiny_config(freeze_epochs=2))
    before = weights(trainer)
    moved: list[bool] = []
    finish_epoch = trainer._finish_epoch

    def noting() -> None:
        finish_epoch()
        now = weights(trainer)
        moved.append(not torch.equal(now["backbone.convolve.weight"], before["backbone.convolve.weight"]))
        assert not torch.equal(now["classify.weight"], before["classify.weight"])

    trainer._finish_epoch = noting  # type: ignore[method-assign]
    trainer.run(tmp_path / "work", "f")
    assert moved == [False, False, True]


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
def test_the_new_layers_have_a_rate_of_their_own(dataset: TrainingSet, optimizer: str) -> None:
    trainer = tiny_trainer(dataset, tiny_config(optimizer=optimizer))
    backbone, heads = trainer.optimizer.param_groups
    assert type(trainer.optimizer).__name__.lower() == optimizer
    assert {id(value) for value in backbone["params"]} == {id(value) for value in trainer.model.backbone.parameters()}
    assert {id(value) for value in heads["params"]} == {id(value) for value in trainer.model.classify.parameters()}  # type: ignore[union-attr]


def test_a_compiled_model_trains_like_the_plain_one(
    dataset: TrainingSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compile_model = torch.compile
    compiled: list[object] = []

    def compile_eagerly(model: torch.nn.Module) -> object:
        compiled.append(model)
        return compile_model(model, backend="eager")

    monkeypatch.setattr(torch, "compile", compile_eagerly)
    plain = tiny_trainer(dataset, tiny_config(epochs=1))
    traced = tiny_trainer(dataset, tiny_config(epochs=1, compile=True))
    plain.run(tmp_path / "a", "f")
    traced.run(tmp_path / "b", "f")
    assert compiled == [traced.model]
    for name, value in weights(plain).items():
        torch.testing.assert_close(value, weights(traced)[name])


def test_clips_are_trained_on(tmp_path: Path) -> None:
    dataset = tiny_dataset(tmp_path)
    clips = TrainingSet(
        dataset.source, [("0.jpg", "4.jpg", "8.jpg"), ("1.jpg",), ("2.jpg",), ("3.jpg",)], range(4), PLAIN, frames=2
    )
    trainer = tiny_trainer(clips, tiny_config(batch_size=2), frames=2)
    assert len(trainer.run(tmp_path / "work", "f")) == 3
    assert trainer.position.step == 6


def test_max_steps_ends_a_run_early(dataset: TrainingSet, tmp_path: Path) -> None:
    trainer = tiny_trainer(dataset, tiny_config(max_steps=6))
    history = trainer.run(tmp_path, "f")
    assert trainer.position.step == 6
    assert [row["epoch"] for row in history] == [1, 2]


def test_training_learns_its_pictures(tmp_path: Path) -> None:
    dataset = tiny_dataset(tmp_path, pictures=4, augmentation=PLAIN)
    config = tiny_config(epochs=30, optimizer="adam", rate=0.05)
    history = tiny_trainer(dataset, config, dropout=0.0).run(tmp_path, "f")
    first, last = history[0]["loss"], history[-1]["loss"]
    assert first is not None
    assert last is not None
    assert last < 0.7 * first


def test_a_loss_that_is_not_finite_stops_and_keeps_the_checkpoint(dataset: TrainingSet, tmp_path: Path) -> None:
    trainer = tiny_trainer(dataset, tiny_config())
    interrupt_after(trainer, 4)
    with pytest.raises(KeyboardInterrupt):
        trainer.run(tmp_path, "f")
    broken = tiny_trainer(dataset, tiny_config(checkpoint_seconds=60.0))
    broken.model.classify.forward = lambda features: features[:, :4] * math.nan  # type: ignore[union-attr,method-assign]
    with pytest.raises(InputError, match="loss is nan at step 5, epoch 2, learning rate 0.015"):
        broken.run(tmp_path, "f")
    kept = load_checkpoint(tmp_path / "checkpoint.pt", "f")
    assert kept is not None
    assert kept["position"]["step"] == 4
    assert all(value.isfinite().all() for value in kept["model"].values())


@pytest.mark.parametrize("ema_decay", [0.0, 0.5])
def test_weights_that_the_last_update_spoils_are_not_kept(
    dataset: TrainingSet, tmp_path: Path, ema_decay: float
) -> None:
    trainer = tiny_trainer(dataset, tiny_config(ema_decay=ema_decay))
    update = trainer._update

    def spoil() -> None:
        update()
        if trainer.position.step == trainer.total_steps - 1:
            with torch.no_grad():
                trainer.model.classify.bias[0] = math.inf  # type: ignore[union-attr,index]

    trainer._update = spoil  # type: ignore[method-assign]
    with pytest.raises(InputError, match=r"classify\.bias is not finite after step 12, learning rate .*; the last"):
        trainer.run(tmp_path, "f")
    kept = load_checkpoint(tmp_path / "checkpoint.pt", "f")
    assert kept is not None
    assert kept["position"]["step"] == 11


@pytest.mark.parametrize("workers", [0, 1])
def test_an_unreadable_picture_is_named(dataset: TrainingSet, tmp_path: Path, workers: int) -> None:
    (tmp_path / "3.jpg").write_bytes(b"no picture")
    with pytest.raises(InputError) as refused:
        tiny_trainer(dataset, tiny_config(workers=workers)).run(tmp_path / "work", "f")
    assert str(refused.value).startswith(str(tmp_path / "3.jpg"))
    assert "\n" not in str(refused.value)


def test_a_triplet_loss_needs_embeddings(dataset: TrainingSet, tmp_path: Path) -> None:
    trainer = tiny_trainer(dataset, tiny_config(triplet="cosine"))
    assert isinstance(trainer.model, TinyModel)
    forward = trainer.model.forward
    trainer.model.forward = lambda inputs: forward(inputs)._replace(embeddings=())  # type: ignore[method-assign]
    with pytest.raises(InputError, match="no embeddings for a triplet loss"):
        trainer.run(tmp_path / "work", "f")


@pytest.mark.parametrize(
    "changes",
    [
        {"precision": "fp8"}, {"accumulate": 0}, {"ema_decay": 1.0}, {"optimizer": "lion"},
        {"triplet": "soft"}, {"sampler": "random"},
    ],
)  # fmt: skip
def test_unusable_settings_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        tiny_config(**changes)
