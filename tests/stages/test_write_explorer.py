"""write_explorer.py as a user runs it, on the tiny world's results."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from conftest import RunStage, error_line

from streid.files.features import read_sightings
from streid.files.rankings import read_rankings


def arguments(results: Path, page: Path) -> list[object]:
    return [
        *("write_explorer", "--dataset", "tiny", "--histograms", results / "histograms.h5"),
        *("--root", results / "data", "--model", f"pcb={results / 'pcb'}", "--fusion", "likelihood", "logistic"),
        *("--output", page, "--report", page.parent / "report.html", "--units-per-second", 25, "--threads", 1),
    ]


def data_of(page: Path) -> dict[str, Any]:
    text = page.read_text(encoding="utf-8")
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found
    content: dict[str, Any] = json.loads(found[1])
    return content


def test_the_page_shows_what_the_rankings_say(tiny_results: Path, run_stage: RunStage, tmp_path: Path) -> None:
    run_stage(*arguments(tiny_results, tmp_path / "explorer.html"))
    text = (tmp_path / "explorer.html").read_text(encoding="utf-8")
    assert '<a href="report.html">report</a>' in text
    assert not re.search(r"""(?:src|href|srcset)=["'](?!data:|report\.html)""", text)
    data = data_of(tmp_path / "explorer.html")
    query, gallery = (read_sightings(tiny_results / "pcb" / "features.h5", group) for group in ("query", "gallery"))
    assert sorted(one["row"] for one in data["queries"][0]) == list(range(len(query)))
    (head,) = data["models"][0]
    assert [(one["name"], one["times"]) for one in head["fusions"]] == [("likelihood", "L"), ("logistic", "p")]
    rankings = [
        {**read_rankings(folder / "scores.h5"), **read_rankings(folder / "reranked.h5")}
        for folder in (tiny_results / "pcb" / fusion for fusion in ("likelihood", "logistic"))
    ]
    for one in data["queries"][0]:
        row = one["row"]
        assert data["pictures"][one["picture"]][0] == query.path_N[row]
        for place, streams in enumerate(head["fusions"]):
            for (kind, _), (precision, match, _, hits, missed) in zip(
                streams["streams"], one["lists"][0][place], strict=True
            ):
                ranking = rankings[place][kind]
                assert precision is None if np.isnan(ranking.ap_Q[row]) else abs(precision - ranking.ap_Q[row]) < 1e-4
                assert match == ranking.first_match_Q[row]
                assert (missed is not None) == (match > 10)
                counted = [hit for hit in hits if hit[1] < 2]
                kept = ranking.indices_QK[row, :10]
                assert [data["pictures"][hit[0]][0] for hit in counted] == gallery.path_N[kept[kept >= 0]].tolist()
                np.testing.assert_allclose(
                    [hit[5] for hit in counted], ranking.scores_QK[row, :10][kept >= 0], atol=1e-4
                )
                right = gallery.pid_N[kept[kept >= 0]] == query.pid_N[row]
                assert [hit[1] == 0 for hit in counted] == right.tolist()


def test_a_limit_and_the_same_bytes_again(tiny_results: Path, run_stage: RunStage, tmp_path: Path) -> None:
    more = ("--megabytes", 0.15, "--queries", 9, "--thumbnail-height", 48)
    for name in ("once.html", "twice.html"):
        run_stage(*arguments(tiny_results, tmp_path / name), *more, fresh=name == "twice.html")
    page = tmp_path / "once.html"
    assert page.read_bytes() == (tmp_path / "twice.html").read_bytes()
    assert page.stat().st_size <= 150_000
    assert 1 <= len(data_of(page)["queries"][0]) <= 9


def test_several_models_each_with_its_own(tiny_results: Path, run_stage: RunStage, tmp_path: Path) -> None:
    other = Path(shutil.copytree(tiny_results / "pcb", tmp_path / "other"))
    shutil.rmtree(other / "likelihood")
    tables = Path(shutil.copy(tiny_results / "histograms.h5", tmp_path / "theirs.h5"))
    page = tmp_path / "explorer.html"
    more = ("--model", f"pcb@far={other}", "--model-fusion", "pcb@far=logistic", "--queries", 2)
    run_stage(*arguments(tiny_results, page), *more, "--model-histograms", f"pcb@far={tables}")
    data = data_of(page)
    assert [one["name"] for one in data["models"][0]] == ["pcb", "pcb@far"]
    for one in data["queries"][0]:
        first, second = one["lists"]
        assert second[0] == first[1]  # the same features under the same fusion


def test_what_cannot_be_shown_is_one_clear_line(tiny_results: Path, run_stage: RunStage, tmp_path: Path) -> None:
    page = tmp_path / "out" / "explorer.html"

    def refused(*more: object) -> str:
        line = error_line(run_stage(*arguments(tiny_results, page), *more, status=2).stderr)
        assert not page.parent.exists()
        return line

    assert "no such picture" in refused("--root", tmp_path)
    assert "no query fits into 0.03 MB" in refused("--megabytes", 0.03)
    assert "a name is given twice" in refused("--model", f"pcb={tiny_results / 'pcb'}")
    assert "--model-histograms: no --model is called far" in refused("--model-histograms", "far=x.h5")
    assert "scores.json: no such file" in refused("--fusion", "none")
    assert "is read as an input" in refused("--output", tiny_results / "pcb" / "features.h5")
