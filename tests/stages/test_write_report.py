"""write_report.py as a user runs it, on results made up over the tiny world."""

import json
import re
import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import RunStage, edit_manifest
from inspections_by_hand import attention, graphs, inspection, stripes

from streid.data.manifest import read_manifest, sightings
from streid.files.features import read_features, read_sightings, write_features
from streid.files.inspections import write_inspection
from streid.files.json_files import read_json, write_json
from streid.files.rankings import Ranking, write_rankings
from streid.files.sightings import Sightings
from streid.scoring.metric_records import METRICS
from streid.scoring.ranks import StreamRanker

RANKED = {"scores": ("visual", "spatiotemporal", "joint"), "reranked": ("reranked",)}
FUSIONS = ("likelihood", "logistic")
COUNTS = ("junk", "distractors", "unknown_times", "unknown_cameras", "evaluated", "skipped")
SELECTION = {
    "identities": 20,
    "queries": 85,
    "default": 0.02,
    "best": 0.04,
    "weights": [0.01, 0.02, 0.04],
    "mAP": [0.7, 0.8, 0.9],
}
RECORDS = {
    "logistic": {"alpha": 5.0},
    "likelihood": {
        "weight": 0.02,
        "weight_source": "held-out",
        "same_camera": "neutral",
        "selection": SELECTION,
        "identities": 6,
        "sessions": 1,
        "near": 0.0,
        "apart": 0.0,
    },
    "none": {},
}
LOGGED = "2026-01-01 10:00:00,500 INFO command: "
EXTERNAL = re.compile(
    r"""(?:src|href|srcset|action)\s*=\s*["']?\s*(?:https?:)?//|url\((?!#)|@import|<script""", re.IGNORECASE
)


def random_ranking(query: Sightings, gallery: Sightings, generator: np.random.Generator) -> Ranking:
    ranker = StreamRanker(query, gallery)
    ranker.add(0, generator.random((len(query), len(gallery)), np.float32))
    return ranker.ranking()


def write_model(
    folder: Path,
    query: Sightings,
    gallery: Sightings,
    *,
    dataset: str,
    seed: int,
    fusions: tuple[str, ...] = FUSIONS,
) -> None:
    """A model's folder with made-up results; appearance is the same under every fusion."""
    groups = {name: (group, [np.ones((len(group), 2))]) for name, group in (("query", query), ("gallery", gallery))}
    write_features(folder / "features.h5", dataset=dataset, model=folder.name, dimension=2, groups=groups)
    for number, fusion in enumerate(fusions):
        for file, streams in RANKED.items():
            drawn = {s: np.random.default_rng([seed, 0 if s == "visual" else number + 1, len(s)]) for s in streams}
            rankings = {stream: random_ranking(query, gallery, drawn[stream]) for stream in streams}
            write_rankings(folder / fusion / f"{file}.h5", dataset=dataset, model=folder.name, streams=rankings)
            header = {"format": "streid-metrics", "version": 2, "dataset": dataset, "model": folder.name}
            audit = dict.fromkeys(COUNTS, 0) | {"query": len(query), "gallery": len(gallery), "pairs_with_time": 0.8}
            metrics = {stream: random_metrics(len(query), drawn[stream]) for stream in streams}
            content = {"fusion": {"name": fusion, **RECORDS[fusion]}, "audit": audit, "streams": metrics}
            header["bootstrap"] = {"identities": 6, "resamples": 10}
            write_json(folder / fusion / f"{file}.json", header | content)
    epochs = {"epoch": [1, 2], "loss": [2.0, 1.0], "accuracy": [0.2, 0.6], "learning_rate": [0.1, 0.01]}
    pd.DataFrame(epochs | {"pictures_per_second": [81.25, 82.75]}).to_csv(folder / "training.csv", index=False)


def random_metrics(queries: int, generator: np.random.Generator) -> dict[str, object]:
    values = {name: float(generator.uniform(0.3, 0.9)) for name in METRICS}
    intervals = {name: [value - 0.05, value + 0.05] for name, value in values.items()}
    curve = np.linspace(values["rank1"], 1, 50).tolist()
    return values | {"evaluated": queries, "skipped": 0, "ci95": intervals, "cmc": curve}


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
    (folder / "logs").mkdir()
    (folder / "logs" / "train_appearance.pcb.log").write_text(
        "2026-01-01 10:00:00,5 INFO command: python train.py --epochs 2\n"
    )
    write_json(folder / "config.json", {"joint": {"alpha": 5.0}})
    return folder


@pytest.fixture(scope="module")
def shown(made: Path, run_stage: RunStage) -> Path:
    """A folder with the report of both models under both fusions, only to be read."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_DIR", str(made / "none"))  # the working tree may change between two reports
        run_stage(*arguments(made, made.parent / "shown"))
    return made.parent / "shown"


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
    results: Path,
    out: Path,
    *more: object,
    dataset: str = "tiny",
    models: tuple[str, ...] = ("pcb", "baseline"),
    fusions: tuple[str, ...] = FUSIONS,
) -> list[object]:
    return [
        *("write_report", "--dataset", dataset, "--manifest", results / "manifest.csv"),
        *("--summary", results / "dataset.json", "--histograms", results / "histograms.h5"),
        *("--root", results / "data", "--config-json", results / "config.json", "--units-per-second", 25),
        *("--benchmarks", results / "benchmarks", "--logs", results / "logs", "--queries", 5, "--threads", 1),
        *("--output", out / "report.json", "--page", out / "report.html", "--figures", out / "figures"),
        *(part for model in models for part in ("--model", f"{model}={results / model}")),
        *("--fusion", *fusions, *more),
    ]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_page_names_models_scored_with_other_travel_times(
    results: Path, tmp_path: Path, run_stage: RunStage
) -> None:
    given = arguments(results, tmp_path / "out", models=("pcb",), fusions=("logistic",))
    run_stage(*given, "--foreign-histograms", "pcb=city")
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "pcb: scored with the travel times of city; the charts show this data set" in page
    done = run_stage(*given, "--foreign-histograms", "nobody=city", status=2)
    assert "--foreign-histograms: no --model is called nobody" in done.stderr


def test_packed_pictures_give_the_same_report(results: Path, tmp_path: Path, run_stage: RunStage) -> None:
    run_stage(
        *("prepare_dataset", "--dataset", "tiny", "--format", "market1501", "--root", results / "data"),
        *("--manifest", tmp_path / "manifest.csv", "--summary", tmp_path / "dataset.json"),
        *("--pictures", tmp_path / "pictures.h5", "--pack", "true"),
    )
    one: dict[str, Any] = {"models": ("pcb",), "fusions": ("logistic",)}
    run_stage(*arguments(results, tmp_path / "tree", **one))
    shutil.rmtree(results / "data")
    run_stage(*arguments(results, tmp_path / "packed", **one), "--packed", tmp_path / "pictures.h5")
    assert contents(tmp_path / "packed") == contents(tmp_path / "tree")


def test_report_holds_the_numbers_and_nothing_of_this_machine(made: Path, shown: Path) -> None:
    text = (shown / "report.json").read_text()
    report = json.loads(text)
    assert (report["format"], report["version"], report["dataset"], report["seed"]) == ("streid-report", 2, "tiny", 0)
    assert report["data"] == read_json(made / "dataset.json")
    assert list(report["models"]) == ["pcb", "baseline"]
    for model, content in report["models"].items():
        assert list(content["fusions"]) == list(FUSIONS)
        for fusion, figures in content["fusions"].items():
            for file in RANKED:
                assert figures[file] == json.loads((made / model / fusion / f"{file}.json").read_text())
        assert content["training"] == {"epochs": 2, "last": {"loss": 1.0, "accuracy": 0.6, "learning_rate": 0.01}}
    assert [(entry["model"], entry["fusion"]) for entry in report["transfers"]] == [
        *(("pcb", fusion) for fusion in FUSIONS),
        *(("baseline", fusion) for fusion in FUSIONS),
    ]
    metrics = report["models"]["baseline"]["fusions"]["logistic"]["reranked"]["streams"]["reranked"]
    assert report["transfers"][-1]["reranked"] == {name: metrics[name] for name in ("rank1", "mAP")}
    assert report["configuration"] == {"joint": {"alpha": 5.0}}
    assert report["histograms"]["bin_width"] == 100
    assert report["histograms"]["identities"] == 6
    assert (report["likelihood"]["identities"], report["likelihood"]["held_out"]) == (6, 0)
    assert "python" in report["versions"]
    for word in (str(made.parent), "pictures_per_second", "81.25", "2150.4", "3 min"):
        assert word not in text


def test_page_stands_alone_and_shows_every_section(shown: Path) -> None:
    page = (shown / "report.html").read_text()
    assert not EXTERNAL.search(page)
    sections = ["results", "data", "training", "spatiotemporal", "retrieval", "models", "provenance"]
    assert re.findall(r'<section id="(\w+)">', page) == sections
    assert re.findall(r'<a href="#(\w+)">', page.split("<nav")[1].split("</nav>")[0]) == sections
    images = re.findall(r"<img [^>]*>", page)
    assert len(images) > 100
    assert all(re.search(r' alt="[^"]+"', image) and ' src="data:image/' in image for image in images)
    charts = re.findall(r"<svg [^>]*>", page)
    assert len(charts) == len([path for path in (shown / "figures").iterdir() if path.suffix == ".svg"]) > 20
    assert all('role="img"' in chart and re.search(r' aria-label="[^"]+"', chart) for chart in charts)
    assert page.count('<article class="ranked">') == 5
    for words in (
        "No published numbers are known for tiny",
        "3 min 12 s",
        "2.1 GB",
        "joint.alpha",
        "python train.py --epochs 2",
    ):
        assert words in page
    for words in (
        "The models side by side",
        "One tracklet over its frames",
        "Pictures per second",
        "Skip to the results",
    ):
        assert words in page
    assert page.count('id="') == len(set(re.findall(r'id="([^"]+)"', page)))
    headings = [int(level) for level in re.findall(r"<h([1-6])", page)]
    assert headings.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(headings))


def test_the_page_links_to_the_explorer_where_there_is_one(
    results: Path, shown: Path, tmp_path: Path, run_stage: RunStage
) -> None:
    assert "Gallery explorer" not in (shown / "report.html").read_text()
    out = tmp_path / "out 2"
    given = arguments(results, out, models=("pcb",), fusions=("logistic",))
    run_stage(*given, "--explorer", out / "all's" / "explorer.html")
    assert '<a href="all%27s/explorer.html">Gallery explorer</a>' in (out / "report.html").read_text()


def test_models_at_work_are_shown(results: Path, tmp_path: Path, run_stage: RunStage) -> None:
    paths = read_manifest(results / "manifest.csv")["path"].to_numpy(object)[:4].reshape(2, 2)
    seen = inspection(paths_UT=paths, stripes=stripes(), graphs=graphs(), blocks={"layer2": attention()})
    write_inspection(results / "pcb" / "inspection.h5", seen)
    query, gallery = (read_sightings(results / "pcb" / "features.h5", name) for name in ("query", "gallery"))
    turned = {
        name: (group, [np.eye(20)[group.pid_N % 20] + 0.1]) for name, group in (("query", query), ("gallery", gallery))
    }
    write_features(results / "pcb" / "features.h5", dataset="tiny", model="pcb", dimension=20, groups=turned)
    run_stage(*arguments(results, tmp_path / "out", fusions=("logistic",)))
    page = (tmp_path / "out" / "report.html").read_text()
    section = page.split('<section id="models">')[1].split("</section>")[0]
    assert re.findall(r"<h3>([\w ]+)", section) == [
        *("Energy of the last feature map", "Stripes", "Graphs over body and frames", "Adjacency", "Branches"),
        *("Parts and channels", "Messages between parts", "Channel attention", "Some identities"),
    ]
    assert "Only the features of baseline are known" in section
    assert "identity 7, camera 3: highest in the upper third" in section
    kinds = ("energy", "stripes", "graphs", "adjacency", "branches", "messages", "channels", "tsne")
    figures = {path.name for path in (tmp_path / "out" / "figures").iterdir()}
    assert {*(f"{kind}_pcb.svg" for kind in kinds), "parts_pcb_layer2.svg"} <= figures
    write_inspection(results / "pcb" / "inspection.h5", inspection())
    refused = arguments(results, tmp_path / "no", models=("pcb",), fusions=("logistic",))
    assert "a.jpg: no such picture" in run_stage(*refused, status=2).stderr
    (results / "pcb" / "inspection.h5").write_bytes(b"nothing")
    assert "inspection.h5: not an HDF5 file" in run_stage(*refused, status=2).stderr
    assert not (tmp_path / "no").exists()


def test_fusions_stand_side_by_side(results: Path, tmp_path: Path, run_stage: RunStage) -> None:
    run_stage(*arguments(results, tmp_path / "out", models=("pcb",)))
    page = (tmp_path / "out" / "report.html").read_text()
    beside = page.split('aria-label="The fusions side by side"')[1].split("<nav")[0]
    assert re.findall(r"<h2>(\w+ fusion)", beside) == ["Likelihood fusion", "Logistic fusion"]
    assert beside.count('<th scope="row">') == 4
    assert beside.count('class="best"') >= 2  # rank-1 and mAP each
    assert page.count("highest mAP</span>") == 1
    for words in ("chosen on 20 held-out identities", "Pairs from one camera are neutral", "log of their ratio"):
        assert words in page
    figures = {path.name for path in (tmp_path / "out" / "figures").iterdir()}
    assert {"weight_pcb_likelihood.svg", "cmc_pcb_likelihood.svg", "cmc_pcb_logistic.svg"} <= figures
    assert "weight_pcb_logistic.svg" not in figures


def test_one_fusion_needs_no_comparison(results: Path, tmp_path: Path, run_stage: RunStage) -> None:
    run_stage(*arguments(results, tmp_path / "out", models=("pcb",), fusions=("logistic",)))
    page = (tmp_path / "out" / "report.html").read_text()
    assert "The fusions side by side" not in page
    assert "log of their ratio" not in page
    assert "mAP over the weight" not in page


def test_a_model_may_show_fusions_of_its_own(results: Path, tmp_path: Path, run_stage: RunStage) -> None:
    run_stage(*arguments(results, tmp_path / "out", "--model-fusion", "baseline=logistic"))
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert {model: list(content["fusions"]) for model, content in report["models"].items()} == {
        "pcb": list(FUSIONS),
        "baseline": ["logistic"],
    }
    for words, more in (
        ("no --model is called vit", ("--model-fusion", "vit=logistic")),
        ("is not NAME=FUSION,...", ("--model-fusion", "pcb=sum")),
        ("a fusion is given twice", ("--fusion", "none", "none")),
    ):
        assert words in run_stage(*arguments(results, tmp_path / "no", *more), status=2).stderr
    assert not (tmp_path / "no").exists()


def test_appearance_alone_can_be_re_ranked_beside(results: Path, tmp_path: Path, run_stage: RunStage) -> None:
    manifest = read_manifest(results / "manifest.csv")
    query, gallery = (sightings(manifest[manifest["split"] == split]) for split in ("query", "gallery"))
    write_model(results / "pcb", query, gallery, dataset="tiny", seed=0, fusions=("logistic", "none"))
    run_stage(*arguments(results, tmp_path / "out", models=("pcb",), fusions=("logistic", "none")))
    page = (tmp_path / "out" / "report.html").read_text()
    assert "Re-ranked, without times" in page
    assert "Appearance + times, without times" not in page


def test_the_same_inputs_give_the_same_bytes(
    results: Path, shown: Path, tmp_path: Path, run_stage: RunStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "none"))
    run_stage(*arguments(results, tmp_path / "again"), fresh=True)
    first, second = contents(shown), contents(tmp_path / "again")
    assert sorted(first) == sorted(second)
    assert [name for name in first if first[name] != second[name]] == []
    figures = {name.removeprefix("figures/") for name in first if name.startswith("figures/")}
    assert {"compare_mAP.svg", "cmc_pcb_logistic.svg", "training_loss.svg", "ranked_5.png"} <= figures
    assert {"camera_map.svg", "pairs_pcb_joint_logistic.svg", "precision_models.svg", "hardest.png"} <= figures
    assert {"queries_baseline_likelihood.svg", "cameras_mAP_visual.svg"} <= figures
    assert len([name for name in figures if name.startswith("cameras_rank1_")]) == 2  # appearance, and the best step
    assert any(name.startswith("travel_") for name in figures)
    assert not [name for name in first if name.endswith(".partial")]


def test_figures_of_an_earlier_report_go(results: Path, tmp_path: Path, run_stage: RunStage) -> None:
    figures = tmp_path / "out" / "figures"
    figures.mkdir(parents=True)
    for name in ("ranked_99.png", "cmc_old.svg", "notes.txt"):
        (figures / name).write_text("old")
    run_stage(*arguments(results, tmp_path / "out", models=("pcb",), fusions=("logistic",)))
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
    summary = read_json(results / "dataset.json")
    write_json(
        results / "dataset.json", summary | {"warnings": ["<img src=x onerror=alert(1)>"], "skipped_files": [hostile]}
    )
    write_json(results / "config.json", {"<script>": "</td><script>"})
    (results / "logs" / "train<script>.log").write_text(f"{LOGGED}python </code><script>\n")
    more = ("--units-per-second", 0, "--explorer", "javascript:alert(4)")
    one: dict[str, Any] = {"dataset": "<script>alert(2)</script>", "models": ("pcb",), "fusions": ("logistic",)}
    run_stage(*arguments(results, tmp_path / "out", *more, **one))
    page = (tmp_path / "out" / "report.html").read_text()
    assert "<script" not in page
    assert "<img src=x" not in page
    assert "&lt;script&gt;alert(1)&lt;b&gt;.jpg" in page
    assert "&lt;script&gt;alert(2)" in page
    assert 'href="javascript' not in page
    drawn = b"".join(path.read_bytes() for path in (tmp_path / "out" / "figures").glob("*.svg"))
    assert b"<script" not in drawn


def test_a_unit_that_is_no_word_is_refused(results: Path, tmp_path: Path, run_stage: RunStage) -> None:
    words = arguments(results, tmp_path / "out", "--time-unit", "<script>alert(3)</script>", models=("pcb",))
    said = run_stage(*words, status=2).stderr.splitlines()[-1]
    assert "argument --time-unit: '<script>alert(3)</script>' given; it must be a unit of at most 40 letters" in said
    assert not (tmp_path / "out").exists()


def test_less_is_said_plainly(results: Path, tmp_path: Path, run_stage: RunStage) -> None:
    for name in ("logistic/reranked.json", "logistic/reranked.h5", "training.csv"):
        (results / "pcb" / name).unlink()
    manifest = pd.read_csv(results / "manifest.csv", dtype=str)
    edit_manifest(manifest.assign(time=""), results, results)
    summary = read_json(results / "dataset.json")
    write_json(results / "dataset.json", summary | {"pictures_with_time": 0})
    build_histograms(results, run_stage)
    run_stage(*arguments(results, tmp_path / "out", models=("pcb",)))
    page = (tmp_path / "out" / "report.html").read_text()
    for words in (
        "No picture has a time, so times could not help",
        "pcb, logistic fusion: was not re-ranked.",
        "No training history was given",
        "No travel times are known",
    ):
        assert words in page
    models = json.loads((tmp_path / "out" / "report.json").read_text())["models"]
    assert models["pcb"]["fusions"]["logistic"]["reranked"] is None


@pytest.mark.parametrize(
    "missing",
    [
        *("manifest.csv", "dataset.json", "histograms.h5", "config.json", "benchmarks", "logs"),
        *("pcb/logistic/scores.json", "pcb/likelihood/scores.h5", "pcb/features.h5"),
        *("pcb/logistic/reranked.h5", "pcb/likelihood/reranked.json"),
    ],
)
def test_a_missing_file_is_named_and_nothing_written(
    results: Path, tmp_path: Path, run_stage: RunStage, missing: str
) -> None:
    (results / missing).rename(tmp_path / "moved")
    done = run_stage(*arguments(results, tmp_path / "out"), status=2)
    assert missing in done.stderr.splitlines()[-1]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("file", "place"),
    [
        ("pcb/logistic/scores.json", "audit"),
        ("pcb/likelihood/reranked.json", "streams"),
        ("dataset.json", "counts"),
    ],
)
def test_a_malformed_file_is_named_and_nothing_written(
    results: Path, tmp_path: Path, run_stage: RunStage, file: str, place: str
) -> None:
    content = read_json(results / file)
    del content[place]
    write_json(results / file, content)
    done = run_stage(*arguments(results, tmp_path / "out"), status=2)
    assert f"{file}: lacks {place}" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_numbers_json_cannot_hold_are_refused_before_anything_is_written(
    results: Path, tmp_path: Path, run_stage: RunStage
) -> None:
    (results / "config.json").write_text('{"joint": {"alpha": NaN}}')
    done = run_stage(*arguments(results, tmp_path / "out"), status=2)
    assert "report.json: cannot be written, because a value in it is not finite" in done.stderr.splitlines()[-1]
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
