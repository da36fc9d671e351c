"""What the rules' jobs ask for, by what is there before they start."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import h5py
import pytest
from unit.workflow.configurations import make_config

from streid.workflow import memory, memory_requests
from streid.workflow.configuration import read_configuration
from streid.workflow.memory_requests import Job, feature_shapes
from streid.workflow.plan import Plan

FEATURES = "results/a/pcb/features.h5"


def make_job(files: dict[str, Any] | None = None, **changes: Any) -> Job:
    """A job of data set a and model pcb, of a configuration with all settings."""
    values, problems = read_configuration(make_config(**changes))
    assert not problems
    named = SimpleNamespace(**(files or {}))
    return Job(plan=Plan(values), wildcards={"dataset": "a", "model": "pcb"}, files=named, threads=4)


def write_summary(dataset: str = "a", **pictures: int) -> None:
    path = Path(f"results/{dataset}/dataset.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    counts = {split: {"pictures": number} for split, number in pictures.items()}
    path.write_text(json.dumps({"counts": counts, "cameras": [1, 2, 7]}), encoding="utf-8")


def write_features(values: int, path: str = FEATURES, **rows: int) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as handle:
        for name, number in rows.items():
            handle.create_group(name).create_dataset("features", (number, values), "f2")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_scoring_goes_by_the_rows_of_the_features_and_by_a_guess_before_they_are_there() -> None:
    job = make_job({"features": FEATURES}, compute={"device": "cpu"})
    guess = {"queries": 5000, "gallery": 25_000, "held_out": 0, "values": 2048, "gpu": False}
    assert memory_requests.evaluate_joint(job) == memory.evaluating(**guess)
    write_summary(train=70, val=30, query=20, gallery=50)
    counted = {**guess, "queries": 20, "gallery": 50, "held_out": 30}
    assert memory_requests.evaluate_joint(job) == memory.evaluating(**counted)
    write_features(4096, query=2000, gallery=9000, val=0)
    sizes = {"queries": 2000, "gallery": 9000, "held_out": 0, "values": 4096, "gpu": False}
    assert memory_requests.evaluate_joint(job) == memory.evaluating(**sizes)
    lists = {"k1": 20, "k2": 6, "candidates": 1, "block_rows": 2048}
    assert memory_requests.rerank_scores(job) == memory.reranking(**sizes, **lists)
    finer = make_job({"features": FEATURES}, compute={"device": "cpu"}, rerank={"precision": "bf16", "k1": 40})
    assert memory_requests.rerank_scores(finer) == memory.reranking(**sizes, **{**lists, "k1": 40, "candidates": 4})


def test_a_training_goes_by_its_network_batch_and_processes() -> None:
    train = {"backbone": "resnet18", "height": 96, "width": 48, "batch_size": 16, "workers": 1, "processes": 2}
    write_summary(train=1000, val=300)
    cpu, cuda = {"device": "cpu"}, {"device": "cuda"}
    asked = memory_requests.train_appearance(make_job(train={**train, "ema_decay": 0.9}, compute=cuda))
    assert asked == memory.training(
        backbone="resnet18",
        weights=memory.network_weights("resnet18"),
        pixels=96 * 48,
        batch_size=16,
        workers=1,
        processes=2,
        optimizer="sgd",
        average=True,
        compiled=False,
        pictures=1300,
        held_out=300,
        gpu=True,
    )
    large = {"height": 384, "width": 192, "batch_size": 128, "processes": 1}
    on_cpu, on_gpu, anywhere = (
        memory_requests.train_appearance(make_job(train=train | large, compute=compute)) for compute in (cpu, cuda, {})
    )
    assert anywhere == on_cpu > on_gpu


def test_start_weights_larger_than_expected_count() -> None:
    before = memory_requests.train_appearance(make_job(train={"start_weights": "start.safetensors"}))
    with Path("start.safetensors").open("wb") as file:
        file.truncate(1 << 30)
    after = memory_requests.train_appearance(make_job(train={"start_weights": "start.safetensors"}))
    assert after - before > 2000


def test_a_network_of_another_program_goes_by_its_file_and_its_inputs_size() -> None:
    Path("n.onnx").write_bytes(bytes(1_000_000))

    def asked(**entry: int) -> int:
        models = {"zoo": {"network": {"file": "n.onnx", **entry}}}
        job = make_job({"model": ["n.onnx"]}, models=models)
        return memory_requests.extract_features(replace(job, wildcards={"dataset": "a", "model": "zoo"}))

    small = asked(height=64, width=32)
    assert small < asked() == asked(height=384, width=192)
    Path("n.onnx").write_bytes(bytes(300_000_000))
    assert asked(height=64, width=32) > small


def test_extraction_and_inspection_go_by_the_weights_file() -> None:
    job = make_job({"model": "results/a/pcb/model.safetensors"}, train={"backbone": "resnet18"})
    before = [memory_requests.extract_features(job), memory_requests.inspect_model(job)]
    Path("results/a/pcb").mkdir(parents=True)
    with Path("results/a/pcb/model.safetensors").open("wb") as file:
        file.truncate((1 << 30) + memory.network_weights("resnet18"))
    after = [memory_requests.extract_features(job), memory_requests.inspect_model(job)]
    for earlier, later in zip(before, after, strict=True):
        assert later - earlier == pytest.approx(1074, abs=memory.ROUNDED_TO)
    assert memory_requests.export_model(job) > after[1]


def test_pages_go_by_the_largest_features_and_all_rankings() -> None:
    write_summary(query=100, gallery=900)
    write_features(1000, query=100, gallery=900)
    paths = []
    for name, size in (("scores", 3), ("reranked", 1)):
        paths.append(f"{name}.h5")
        with Path(paths[-1]).open("wb") as file:
            file.truncate(size << 20)
    job = make_job({"features": [FEATURES, "none.h5"], "scores": paths[:1], "reranked": paths[1:]})
    rankings = 4 << 20
    expected = memory.exploring(features=4 * 1000 * 2048, rankings=rankings, pictures=1000, page_mb=25)
    assert memory_requests.write_explorer(job) == expected
    assert memory_requests.write_report(job) == memory.reporting(rankings=rankings, pictures=1000, runs=1)


def test_the_other_stages_go_by_the_pictures() -> None:
    made = {"made": "made.h5", "shards": ["1-of-1.h5"]}
    job = make_job(made, histograms={"max_bins": 100})
    write_summary(train=10_000, val=1000, query=100, gallery=2000)
    write_features(300, "made.h5", query=100, gallery=2000, more=5)
    write_features(300, "1-of-1.h5", query=100)
    assert memory_requests.render_demo(job) == memory.rendering(processes=4)
    assert memory_requests.prepare_dataset(job) == memory.preparing(pictures=13_100, threads=4)
    assert memory_requests.build_histograms(job) == memory.counting(pictures=13_100, cameras=3, bins=100)
    assert memory_requests.import_features(job) == memory.importing(features=4 * 2100 * 300, pictures=13_100)
    assert memory_requests.merge_features(job) == memory.merging(pictures=13_100, values=300)


def test_a_manifest_of_the_users_own_says_how_much_there_is_to_prepare() -> None:
    entry = {"format": "manifest", "root": "data/a", "manifest": "own.csv"}
    job = make_job(datasets={"a": entry})
    assert memory_requests.prepare_dataset(job) == memory.preparing(pictures=50_000, threads=4)
    Path("own.csv").write_text("x" * 3000, encoding="utf-8")
    assert memory_requests.prepare_dataset(job) == memory.preparing(pictures=100, threads=4)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"counts": 3}', '{"counts": {"train": {}}, "cameras": [1]}'])
def test_a_summary_that_cannot_be_used_is_guessed_around(text: str) -> None:
    write_summary()
    Path("results/a/dataset.json").write_text(text, encoding="utf-8")
    assert memory_requests.prepare_dataset(make_job()) == memory.preparing(pictures=50_000, threads=4)


def test_features_that_cannot_be_read_have_no_shapes() -> None:
    assert feature_shapes("none.h5") == {}
    Path("text.h5").write_text("no HDF5", encoding="utf-8")
    assert feature_shapes("text.h5") == {}
    with h5py.File("flat.h5", "w") as handle:
        handle.create_group("query").create_dataset("features", (3,), "f4")
    assert feature_shapes("flat.h5") == {}
    write_features(7, "good.h5", query=2, val=0)
    assert feature_shapes("good.h5") == {"query": (2, 7), "val": (0, 7)}


def test_clips_of_a_network_with_attention_need_more_than_as_many_pictures() -> None:
    shape = {"height": 64, "width": 32, "batch_size": 16, "validate_every": 0, "backbone": "resnet50"}
    clips, pictures = (
        make_job({"model": "none"}, compute={"device": "cpu"}, train={**shape, **more})
        for more in ({"architecture": "stcanet", "frames": 4}, {"architecture": "baseline", "batch_size": 64})
    )
    assert clips.sample(4) == {"pixels": 4 * 64 * 32, "attended": (4 * 512) ** 2}
    assert memory_requests.train_appearance(clips) - memory_requests.train_appearance(pictures) > 500
    assert memory_requests.extract_features(clips) > memory_requests.extract_features(pictures)
    assert memory_requests.inspect_model(clips) > memory_requests.inspect_model(pictures)


def test_a_training_on_several_data_sets_counts_the_pictures_of_all() -> None:
    write_summary(train=1_000_000)
    write_summary("b", train=2_000_000)
    alone = make_job(models={"wide": {"train_on": ["a", "b"]}})
    together = replace(alone, wildcards={"dataset": "a+b", "model": "wide"})
    more = memory_requests.train_appearance(together) - memory_requests.train_appearance(alone)
    assert more == 2 * memory.PICTURE_BYTES
