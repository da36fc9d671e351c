"""Matrices of camera pairs."""

import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from streid.files.sightings import Sightings
from streid.reporting.figures.camera_pairs import _legible, plot_camera_pairs
from streid.reporting.palette import INK, PAPER
from streid.reporting.runs import ModelRun
from streid.scoring.ranks import StreamRanker

MakeRun = Callable[..., ModelRun]


def sightings(pid: list[int], camid: list[int]) -> Sightings:
    zeros = np.zeros(len(pid), np.int64)
    names = np.array([f"{row}.jpg" for row in range(len(pid))], object)
    return Sightings(pid_N=np.array(pid), camid_N=np.array(camid), session_N=zeros, time_N=zeros, path_N=names)


def test_rank_1_and_map_before_and_after(make_run: MakeRun) -> None:
    query = sightings([5, 5, 6], [1, 2, 1])
    gallery = sightings([5, 5, 6, 7], [2, 3, 2, 3])
    rankings = {}
    # by appearance query 0 finds the stranger first, then its camera 3, then 2; in the end all is in order
    for stream, scores in (("visual", [[1, 2, 0, 3], [0, 1, 2, 3], [0, 1, 3, 2]]), ("reranked/logistic", None)):
        ranker = StreamRanker(query, gallery)
        right = query.pid_N[:, None] == gallery.pid_N
        ranker.add(0, np.array(scores, np.float32) if scores else right.astype(np.float32))
        rankings[stream] = ranker.ranking()
    found = plot_camera_pairs(replace(make_run(), rankings=rankings, query=query, gallery=gallery))
    assert found is not None
    names = [f"cameras_{name}_{stream}" for name in ("rank1", "mAP") for stream in ("visual", "reranked")]
    assert [chart.name for chart in found.charts] == names
    assert (found.cameras, found.fewest, found.most) == (2, 1, 2)
    assert found.charts[0].title == "Rank-1, Appearance"
    assert found.charts[0].alt == (
        "Rank-1, Appearance per pair of cameras: lowest 0.0 % for query camera 1 and gallery camera 3, highest 50.0 % "
        "for query camera 1 and gallery camera 2; half of the pairs have at least 0.0 %."
    )
    written = [text for text in ET.fromstring(found.charts[0].svg).itertext() if text.strip()]
    assert sorted(written[:3]) != sorted(written)
    assert {"50", "0"} <= {text.strip() for text in written}
    assert "highest 100.0 %" in found.charts[3].alt


def test_without_rankings_or_matches_there_is_no_matrix(make_run: MakeRun) -> None:
    run = make_run()
    assert plot_camera_pairs(replace(run, rankings={})) is None
    none = {name: replace(one, match_count_Q=np.zeros(2, np.int32), **EMPTY) for name, one in run.rankings.items()}
    assert plot_camera_pairs(replace(run, rankings=none)) is None


EMPTY = {
    "match_rows_P": np.empty(0, np.int32),
    "match_ranks_P": np.empty(0, np.int32),
    "match_scores_P": np.empty(0, np.float32),
}


def test_numbers_can_be_read_on_their_cells() -> None:
    assert _legible(0.0) == INK  # on the colour of lines, pale on light and dim on dark paper
    assert _legible(1.0) == PAPER  # on blue, strong on light and bright on dark paper
