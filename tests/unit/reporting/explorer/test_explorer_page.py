"""Which queries get on the explorer's page, how large it gets, and that names do no harm in it."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import write_picture

from streid.data.picture_source import PictureSource
from streid.errors import InputError
from streid.files.sightings import Sightings
from streid.reporting.explorer.explorer_page import ExploredModel, choose_rows, query_sets, script_json, write_page
from streid.reporting.explorer.hits import RIGHT, WRONG, Hit, HitList
from streid.reporting.runs import ModelRun
from streid.reporting.wording import Clock

NAMES = ["</script><b>.jpg", "a & 'b' \"c\".jpg", "<!--.jpg", "\u2028é.jpg"]
MakeRun = Callable[..., ModelRun]


def of_people(count: int, names: list[str]) -> Sightings:
    return Sightings(
        pid_N=np.arange(1, count + 1),
        camid_N=np.ones(count, np.int64),
        session_N=np.zeros(count, np.int64),
        time_N=np.where(np.arange(count) == 2, -1, 250 * np.arange(count)),
        path_N=np.array(names, object),
    )


def with_precision(run: ModelRun, precision: list[float], **changes: Any) -> ModelRun:
    ap_Q, first_Q = np.array(precision), np.ones(len(precision), np.int32)
    rankings = {key: replace(one, ap_Q=ap_Q, first_match_Q=first_Q) for key, one in run.rankings.items()}
    people = of_people(len(precision), [f"{row}.jpg" for row in range(len(precision))])
    return replace(run, **{"rankings": rankings, "query": people, "gallery": people} | changes)


def test_hardest_and_drawn_queries_take_turns(make_run: MakeRun) -> None:
    run = with_precision(make_run(), [0.9, 0.1, np.nan, 0.5, 0.2, 0.8])
    drawn = np.random.default_rng(7).permutation(6).tolist()
    chosen = choose_rows([run], 6, 7).tolist()
    expected: list[int] = []
    for pair in zip([1, 4, 3, 5, 0, 2], drawn, strict=True):
        expected += [row for row in dict.fromkeys(pair) if row not in expected]
    assert chosen == expected
    assert sorted(chosen) == list(range(6))
    assert choose_rows([run], 3, 7).tolist() == expected[:3]


def test_the_hardest_are_those_of_the_best_model(make_run: MakeRun) -> None:
    precisions = [[0.1, 0.2, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9], [0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.3, 0.2]]
    weak, strong = ({"visual": {"mAP": mean_ap}} for mean_ap in (0.5, 0.6))
    runs = [
        with_precision(make_run(f"m{number}", **streams), one)
        for number, (streams, one) in enumerate(zip((weak, strong), precisions, strict=True))
    ]
    assert choose_rows(runs, 4, 0).tolist()[0] == 7
    assert choose_rows(runs[:1], 4, 0).tolist()[0] == 0
    assert query_sets(runs) == [runs]


def test_models_of_other_queries_are_a_set_of_their_own(make_run: MakeRun) -> None:
    first, second, third = (make_run(name) for name in "abc")
    second = replace(second, query=of_people(3, ["x", "y", "z"]))
    assert query_sets([first, second, third]) == [[first, third], [second]]


@pytest.mark.parametrize("text", ["</script>", "<!--", "&lt;", "]]>", "\u2028", '"\\'])
def test_script_json_holds_no_markup(text: str) -> None:
    made = script_json({"name": text})
    assert json.loads(made) == {"name": text}
    assert not set(made) & set("<>&")
    assert made.isascii()


@pytest.fixture
def models(make_run: MakeRun, tmp_path: Path) -> list[ExploredModel]:
    """Four queries with awkward names, each with three hits; pictures of noise, some 4 kB each in the page."""
    people = of_people(4, NAMES)
    for seed, name in enumerate(NAMES):
        if "/" not in name:
            write_picture(tmp_path / name, seed=seed)
    write_picture(tmp_path / "<" / "script><b>.jpg", seed=9)
    run = with_precision(make_run(), [0.5] * 4, query=people, gallery=people)
    lists = {}
    for row in range(4):
        hits = tuple(
            Hit(row=found, verdict=RIGHT if found == row else WRONG, visual=0.5, times=-1.25, joint=0.4, score=0.3)
            for found in ((row + 1) % 4, row)
        )
        missed = Hit(row=3, verdict=RIGHT, visual=0.1, times=0.0, joint=0.1, score=0.1) if row == 0 else None
        one = HitList(hits=hits, left_out=0, average_precision=0.5, first_match=2, missed=missed)
        lists[row] = {"logistic": dict.fromkeys(run.steps("logistic"), one)}
    return [ExploredModel(run=run, lists=lists)]


def make_page(models: list[ExploredModel], root: Path, most_bytes: int = 1_000_000) -> str:
    return write_page(
        [models],
        [np.array([2, 0, 1, 3])],
        dataset='<i>"set"',
        report="report.html",
        source=PictureSource(root),
        clock=Clock(per_second=25, unit="frames"),
        thumbnail_height=64,
        most_bytes=most_bytes,
    )


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    content: dict[str, Any] = json.loads(found[1])
    return content


def test_names_do_no_harm(models: list[ExploredModel], tmp_path: Path) -> None:
    page = make_page(models, tmp_path)
    data = data_of(page)
    assert {picture[0] for picture in data["pictures"]} == set(NAMES)
    assert data["dataset"] == '<i>"set"'
    assert '<i>"' not in page and "<b>.jpg" not in page
    assert page.count("</script>") == 2
    assert not re.search(r"""(?:src|href)=["'](?!data:|report\.html)""", page)


def test_what_the_page_says_of_a_query(models: list[ExploredModel], tmp_path: Path) -> None:
    data = data_of(make_page(models, tmp_path))
    assert data["totals"] == [4]
    first = data["queries"][0][0]
    assert first["row"] == 2
    assert data["pictures"][first["picture"]] == [NAMES[2], 3, 1, 0]
    assert first["time"] is None
    assert data["models"][0][0]["fusions"][0]["streams"] == [
        ["visual", "Appearance"],
        ["joint", "Appearance + times"],
        ["reranked", "Re-ranked"],
    ]
    assert data["best"] == {"model": "pcb", "fusion": "logistic"}
    precision, match, left_out, hits, missed = data["queries"][0][1]["lists"][0][0][1]
    assert (data["pictures"][missed[0]][0], *missed[1:]) == (NAMES[3], 0, 0.1, 0.0, 0.1, 0.1, "+30 s")
    assert data["queries"][0][0]["lists"][0][0][1][4] is None
    assert (precision, match, left_out) == (0.5, 2, 0)
    named = [(data["pictures"][hit[0]][0], *hit[1:]) for hit in hits]
    assert named == [
        (NAMES[1], 1, 0.5, -1.25, 0.4, 0.3, "+10 s"),
        (NAMES[0], 0, 0.5, -1.25, 0.4, 0.3, "+0 s"),
    ]
    assert len(data["thumbnails"]) == len(data["pictures"]) == 4


def test_the_page_stays_below_its_limit(models: list[ExploredModel], tmp_path: Path) -> None:
    whole = len(make_page(models, tmp_path).encode())
    counts = []
    for most in range(whole - 6_000, whole + 600, 300):
        try:
            page = make_page(models, tmp_path, most)
        except InputError as error:
            assert "no query fits into" in str(error)
            counts.append(0)
            continue
        assert len(page.encode()) <= most
        data = data_of(page)
        assert len(data["thumbnails"]) == len(data["pictures"])
        shown = {query["picture"] for query in data["queries"][0]}
        lists = [query["lists"][0][0][0] for query in data["queries"][0]]
        shown |= {hit[0] for one in lists for hit in [*one[3], *([one[4]] if one[4] else [])]}
        assert shown == set(range(len(data["pictures"])))
        counts.append(len(data["queries"][0]))
    assert counts == sorted(counts)
    assert counts[-1] == 4 and len(set(counts)) > 2


def test_a_missing_picture_is_named(models: list[ExploredModel], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such picture"):
        make_page(models, tmp_path / "elsewhere")
