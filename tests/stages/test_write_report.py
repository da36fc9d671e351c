"""write_report.py as a user runs it, on results made up over the tiny world."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import RunStage

from streid.artifacts import Ranking, Sightings, read_features, write_features, write_json, write_rankings
from streid.data.manifest import read_manifest, sightings

RANKED = {"scores": ("visual", "spatiotemporal", "joint"), "reranked": ("reranked",)}
METRICS = ("rank1", "rank5", "rank10", "mAP", "mAP_step", "mINP")
EXTERNAL = re.compile(
    r"""(?:src|href|srcset|action)\s*=\s*["']?\s*(?:https?:)?//|url\(|@import|<script""", re.IGNORECASE
)


def random_ranking(query: Sightings, gallery: Sightings, generator: np.random.Generator) -> Ranking:
    indices_QK = np.array([generator.permutation(len(gallery))[:12] for _ in range(len(query))], np.int32)
    right_QK = gallery.pid_N[indices_QK] == query.pid_N[:, None]
    return Ranking(
        indices_QK=indices_QK,
        scores_QK=np.tile(np.linspace(1, 0, 12, dtype=np.float32), (len(query), 1)),
        ap_Q=np.where(right_QK.any(axis=1), generator.random(len(query)), np.nan),
        first_match_Q=np.where(right_QK.any(axis=1), right_QK.argmax(axis=1) + 1, 0).astype(np.int32),
    )


def write_model(folder: Path, query: Sightings, gallery: Sightings, *, dataset: str, seed: int) -> None:
    """A model's folder with made-up results."""
    generator = np.random.default_rng(seed)
    groups = {name: (group, [np.ones((len(group), 2))]) for name, group in (("query", query), ("gallery", gallery))}
    write_features(folder / "features.h5", dataset=dataset, model=folder.name, dimension=2, groups=groups)
    for file, streams in RANKED.items():
        rankings = {stream: random_ranking(query, gallery, generator) for stream in streams}
        write_rankings(folder / f"{file}.h5", dataset=dataset, model=folder.name, streams=rankings)
        metrics = {}
        for stream in streams:
            values = {name: float(generator.uniform(0.3, 0.9)) for name in METRICS}
            intervals = {name: [value - 0.05, value + 0.05] for name, value in values.items()}
            curve = np.linspace(values["rank1"], 1, 50).tolist()
            metrics[stream] = values | {"evaluated": len(query), "skipped": 0, "ci95": intervals, "cmc": curve}
        header = {"format": "streid-metrics", "version": 1, "dataset": dataset, "model": folder.name}
        audit = {"query": len(query), "gallery": len(gallery), "pairs_with_time": 0.8}
        write_json(folder / f"{file}.json", header | {"fusion": {}, "audit": audit, "streams": metrics})
    epochs = {"epoch": [1, 2], "loss": [2.0, 1.0], "accuracy": [0.2, 0.6], "learning_rate": [0.1, 0.01]}
    pd.DataFrame(epochs | {"pictures_per_second": [81.25, 82.75]}).to_csv(folder / "training.csv", index=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, tiny_world: Path, run_stage: RunStage) -> Path:
    """A data set's results in one folder: data/, manifest, summary, histograms, two models, benchmarks."""
    folder = tmp_path_factory.mktemp("made") / "results"
    shutil.copytree(tiny_world, folder)
    build_histograms(folder, run_stage)
    manifest = read_manifest(folder / "manifest.csv")
    query, gallery = (sightings(manifest[manifest["split"] == split]) for split in ("query", "gallery"))
    for seed, model in enumerate(("pcb", "baseline")):
        write_model(folder / model, query, gallery, dataset="tiny", seed=seed)
    (folder / "benchmarks").mkdir()
    (folder / "benchmarks" / "train_appearance.pcb.tsv").write_text("s\tmax_rss\tmean_load\n192.0\t2150.4\t180\n")
    write_json(folder / "config.json", {"joint": {"alpha": 5.0}})
    return folder


@pytest.fixture
def results(made: Path, tmp_path: Path) -> Path:
    """A copy of the results for one test to spoil."""
    return Path(shutil.copytree(made, tmp_path / "results"))


def build_histograms(folder: Path, run_stage: RunStage) -> None:
    run_stage(
        *("build_histograms", "--manifest", folder / "manifest.csv", "--output", folder / "histograms.h5"),
        *("--threads", 1),
    )


def arguments(
    results: Path, out: Path, *, dataset: str = "tiny", models: tuple[str, ...] = ("pcb", "baseline")
) -> list[object]:
    return [
        *("write_report", "--dataset", dataset, "--manifest", results / "manifest.csv"),
        *("--summary", results / "dataset.json", "--histograms", results / "histograms.h5"),
        *("--root", results / "data", "--config-json", results / "config.json", "--units-per-second", 25),
        *("--benchmarks", results / "benchmarks", "--queries", 5, "--threads", 1),
        *("--output", out / "report.json", "--page", out / "report.html", "--figures", out / "figures"),
        *(part for model in models for part in ("--model", f"{model}={results / model}")),
    ]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_report_holds_the_numbers_and_nothing_of_this_machine(
    results: Path, tmp_path: Path, run_stage: RunStage
) -> None:
    run_stage(*arguments(results, tmp_path / "out"))
    text = (tmp_path / "out" / "report.json").read_text()
    report = json.loads(text)
    assert (report["format"], report["version"], report["dataset"], report["seed"]) == ("streid-report", 1, "tiny", 0)
    assert report["data"] == json.loads((results / "dataset.json").read_text())
    assert list(report["models"]) == ["pcb", "baseline"]
    for model, content in report["models"].items():
        for file in RANKED:
            assert content[file] == json.loads((results / model / f"{file}.json").read_text())
        assert content["training"] == {"epochs": 2, "last": {"loss": 1.0, "accuracy": 0.6, "learning_rate": 0.01}}
    assert report["configuration"] == {"joint": {"alpha": 5.0}}
    assert report["histograms"]["bin_width"] == 100
    assert report["histograms"]["identities"] == 6
    assert "python" in report["versions"]
    for word in (str(tmp_path), "pictures_per_second", "81.25", "2150.4", "3 min"):
        assert word not in text


def test_page_stands_alone_and_shows_every_section(results: Path, tmp_path: Path, run_stage: RunStage) -> None:
    run_stage(*arguments(results, tmp_path / "out"))
    page = (tmp_path / "out" / "report.html").read_text()
    assert not EXTERNAL.search(page)
    for section in ("metrics", "curves", "ranked", "travel", "training", "data", "provenance"):
        assert f'<section id="{section}">' in page
        assert f'href="#{section}"' in page
    images = re.findall(r"<img [^>]*>", page)
    assert len(images) > 100
    assert all(re.search(r' alt="[^"]+"', image) and ' src="data:image/' in image for image in images)
    assert page.count('<article class="ranked">') == 5
    for words in ("No published numbers exist for tiny", "3 min 12 s", "2.1 GB", "joint.alpha"):
        assert words in page


def test_the_same_inputs_give_the_same_bytes(
    results: Path, tmp_path: Path, run_stage: RunStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "none"))  # the working tree may change between the two
    for out in ("first", "second"):
        run_stage(*arguments(results, tmp_path / out))
    first, second = contents(tmp_path / "first"), contents(tmp_path / "second")
    assert sorted(first) == sorted(second)
    assert [name for name in first if first[name] != second[name]] == []
    figures = {name.removeprefix("figures/") for name in first if name.startswith("figures/")}
    assert {"compare_mAP.svg", "cmc_pcb.svg", "cmc_baseline.svg", "training_loss.svg", "ranked_5.png"} <= figures
    assert not [name for name in first if name.endswith(".partial")]


def test_figures_of_an_earlier_report_go(results: Path, tmp_path: Path, run_stage: RunStage) -> None:
    figures = tmp_path / "out" / "figures"
    figures.mkdir(parents=True)
    for name in ("ranked_99.png", "cmc_old.svg", "notes.txt"):
        (figures / name).write_text("old")
    run_stage(*arguments(results, tmp_path / "out"))
    assert not (figures / "ranked_99.png").exists()
    assert not (figures / "cmc_old.svg").exists()
    assert (figures / "notes.txt").read_text() == "old"


def test_hostile_names_are_escaped(results: Path, tmp_path: Path, run_stage: RunStage) -> None:
    hostile = "<script>alert(1)<b>.jpg"
    features = read_features(results / "pcb" / "features.h5")
    query, gallery = (features.groups[name].sightings for name in ("query", "gallery"))
    shutil.copy(results / "data" / query.path_N[0], results / "data" / hostile)
    query.path_N[:] = hostile
    write_model(results / "pcb", query, gallery, dataset='"><script>', seed=0)
    summary = json.loads((results / "dataset.json").read_text())
    write_json(
        results / "dataset.json", summary | {"warnings": ["<img src=x onerror=alert(1)>"], "skipped_files": [hostile]}
    )
    write_json(results / "config.json", {"<script>": "</td><script>"})
    run_stage(*arguments(results, tmp_path / "out", dataset="<script>alert(2)</script>", models=("pcb",)))
    page = (tmp_path / "out" / "report.html").read_text()
    assert "<script" not in page
    assert "<img src=x" not in page
    assert "&lt;script&gt;alert(1)&lt;b&gt;.jpg" in page
    assert "&lt;script&gt;alert(2)" in page


def test_less_is_said_plainly(results: Path, tmp_path: Path, run_stage: RunStage) -> None:
    for name in ("reranked.json", "reranked.h5", "training.csv"):
        (results / "pcb" / name).unlink()
    manifest = pd.read_csv(results / "manifest.csv", dtype=str)
    manifest.assign(time="").to_csv(results / "manifest.csv", index=False)
    summary = json.loads((results / "dataset.json").read_text())
    write_json(results / "dataset.json", summary | {"pictures_with_time": 0})
    build_histograms(results, run_stage)
    run_stage(*arguments(results, tmp_path / "out", models=("pcb",)))
    page = (tmp_path / "out" / "report.html").read_text()
    for words in (
        "No picture has a time, so times could not help",
        "pcb: was not re-ranked.",
        "No training history was given",
        "No travel times are known",
    ):
        assert words in page
    assert json.loads((tmp_path / "out" / "report.json").read_text())["models"]["pcb"]["reranked"] is None


@pytest.mark.parametrize(
    "missing",
    [
        *("manifest.csv", "dataset.json", "histograms.h5", "config.json", "benchmarks"),
        *("pcb/scores.json", "pcb/scores.h5", "pcb/features.h5", "pcb/reranked.h5", "pcb/reranked.json"),
    ],
)
def test_a_missing_file_is_named_and_nothing_written(
    results: Path, tmp_path: Path, run_stage: RunStage, missing: str
) -> None:
    (results / missing).rename(tmp_path / "moved")
    done = run_stage(*arguments(results, tmp_path / "out"), status=2)
    assert missing in done.stderr.splitlines()[-1]
    assert not (tmp_path / "out").exists()


def test_missing_pictures_are_refused(results: Path, tmp_path: Path, run_stage: RunStage) -> None:
    shutil.rmtree(results / "data" / "query")
    done = run_stage(*arguments(results, tmp_path / "out"), status=2)
    assert "no such picture" in done.stderr
    assert not (tmp_path / "out").exists()


def test_rankings_of_other_pictures_are_refused(results: Path, tmp_path: Path, run_stage: RunStage) -> None:
    features = read_features(results / "pcb" / "features.h5")
    query, gallery = (features.groups[name].sightings for name in ("query", "gallery"))
    write_model(tmp_path / "other", query.take(slice(0, 2)), gallery, dataset="tiny", seed=0)
    shutil.copy(tmp_path / "other" / "features.h5", results / "pcb" / "features.h5")
    assert "does not rank the pictures" in run_stage(*arguments(results, tmp_path / "out"), status=2).stderr


@pytest.mark.parametrize("models", [("pcb", "pcb"), ("../pcb",), ("<b>",), ("",)])
def test_unusable_model_names_are_refused(
    results: Path, tmp_path: Path, run_stage: RunStage, models: tuple[str, ...]
) -> None:
    assert "--model" in run_stage(*arguments(results, tmp_path / "out", models=models), status=2).stderr
