"""A search's result in words: junk and distractors by name, unknown times left empty, control characters escaped."""

import json

import numpy as np
import pytest

from streid.files.histograms import Histograms
from streid.files.sightings import Sightings
from streid.reporting.search_page import Finds, list_finds, printable, tabulate
from streid.scoring.evaluation import Scene
from streid.scoring.fusion import Fusion, temporal_fusion
from streid.scoring.search import SearchResult


@pytest.fixture
def scene() -> Scene:
    gallery = Sightings(
        pid_N=np.array([12, 0, -1]),
        camid_N=np.array([1, 2, 3]),
        session_N=np.array([0, 0, 1]),
        time_N=np.array([500, -1, 7]),
        path_N=np.array(["a b.jpg", "x\n\x1b[31my.jpg", "ü.jpg"], object),
    )
    return Scene(dataset="d", model="m", query=gallery, gallery=gallery, features_ND=np.eye(6, dtype=np.float32))


def found(times: list[float] | None) -> SearchResult:
    score_K = np.array([0.9, 0.5, 0.25], np.float32)
    times_K = None if times is None else np.array(times, np.float32)
    return SearchResult(rows_K=np.array([2, 0, 1]), score_K=score_K, visual_K=score_K / 2, times_K=times_K)


def by_appearance(scene: Scene) -> Finds:
    return list_finds(scene, found(None), None, None, ["me.jpg"])


def with_times(scene: Scene) -> Finds:
    histograms = Histograms(
        cameras_C=np.arange(1, 4),
        counts_CCB=np.zeros((3, 3, 1), np.int64),
        density_CCB=np.zeros((3, 3, 1)),
        bin_width=1.0,
        sigma=1.0,
        identities=0,
        sessions=0,
    )
    fusion = Fusion(**vars(temporal_fusion(histograms)) | {"name": "likelihood", "parameters": {"weight": 0.5}})
    return list_finds(scene, found([-1.5, 0.0, 2.25]), fusion, scene.query.take(slice(0, 1)), ["me.jpg"])


def test_a_table_by_appearance(scene: Scene) -> None:
    assert tabulate(by_appearance(scene)).splitlines() == [
        "rank    identity  camera  session  time   score  cosine  path",
        "   1        junk       3        1     7  0.9000  0.4500  ü.jpg",
        "   2          12       1        0   500  0.5000  0.2500  a b.jpg",
        r"   3  distractor       2        0        0.2500  0.1250  x\n\x1b[31my.jpg",
    ]


def test_a_table_with_times(scene: Scene) -> None:
    lines = tabulate(with_times(scene)).splitlines()
    assert lines[0].split()[-3:] == ["log", "ratio", "path"]
    assert [line.split()[7] for line in lines[1:3]] == ["-1.5000", "+0.0000"]


def test_json_says_what_was_asked_and_found(scene: Scene) -> None:
    content = json.loads(with_times(scene).json())
    assert content["place"] == {"camid": 1, "session": 0, "time": 500}
    assert content["fusion"] == {"name": "likelihood", "weight": 0.5}
    assert content["images"] == ["me.jpg"]
    last = {"rank": 3, "row": 1, "pid": 0, "camid": 2, "session": 0, "time": None, "path": "x\n\x1b[31my.jpg"}
    assert content["results"][2] == last | {"score": 0.25, "visual": 0.125, "spatiotemporal": 2.25}
    alone = json.loads(by_appearance(scene).json())
    assert alone["place"] is None and alone["fusion"] is None
    assert alone["results"][0]["spatiotemporal"] is None


def test_printable_text_stays_as_it_is() -> None:
    assert printable("a/ü b.jpg") == "a/ü b.jpg"
    assert printable("a\x07\u202eb") == "a\\x07\\u202eb"
