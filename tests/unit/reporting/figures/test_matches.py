"""Curves of how well right matches are found."""

import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from streid.reporting.figures.matches import DRAWN_QUERIES, Line, _sorted_precisions, compare_models, plot_matches
from streid.reporting.palette import stream_colour
from streid.reporting.runs import ModelRun

MakeRun = Callable[..., ModelRun]
OTHER = {"visual": {"cmc": [0.5, 1.0]}, "joint": {"cmc": [0.25, 1.0]}}


def test_three_charts_per_fusion_tell_the_same_streams(make_run: MakeRun) -> None:
    found = plot_matches(make_run(), "logistic")
    assert found.title == "pcb"
    names = ["cmc_pcb_logistic", "precision_pcb_logistic", "queries_pcb_logistic"]
    assert [chart.name for chart in found.charts] == names
    curves, precision, queries = found.charts
    assert "Appearance 50.0 % at rank 1" in curves.alt
    assert b"(below)" not in curves.svg
    # right matches at ranks 3 and 1: precisions 1/3 and 1 at every recall, average precisions 0.2 and 0.9
    assert "Appearance 66.7 % at half the matches, 66.7 % at all; Times alone" in precision.alt
    assert "Re-ranked: a tenth of the queries below 27.0 %, half below 55.0 %" in queries.alt
    for chart in found.charts:
        assert "Appearance + times" in "".join(ET.fromstring(chart.svg).itertext())


def test_fusions_have_match_curves_over_the_same_axes(make_run: MakeRun) -> None:
    run = make_run(beside={"likelihood": (OTHER, {})})
    first, second = (plot_matches(run, fusion) for fusion in ("logistic", "likelihood"))
    assert [first.title, second.title] == ["pcb, logistic", "pcb, likelihood"]
    assert second.charts[0].alt == (
        "Match curves of pcb, likelihood: Appearance 50.0 % at rank 1, Appearance + times 25.0 % at rank 1."
    )
    assert all(b">20</text>" in one.charts[0].svg for one in (first, second))
    assert b">20</text>" not in plot_matches(make_run(), "logistic").charts[0].svg


def test_match_curves_say_when_one_lies_below(make_run: MakeRun) -> None:
    run = make_run(visual={"cmc": [0.8, 0.9], "mAP": 1}, spatiotemporal={"cmc": [0.1, 0.2], "mAP": 1})
    assert b"Times alone (below)" in plot_matches(run, "logistic").charts[0].svg


def test_without_rankings_there_are_match_curves_only(make_run: MakeRun) -> None:
    charts = plot_matches(replace(make_run(), rankings={}), "logistic").charts
    assert [chart.name for chart in charts] == ["cmc_pcb_logistic"]


def test_models_are_compared_where_there_are_several(make_run: MakeRun) -> None:
    assert compare_models([make_run()]) is None
    found = compare_models([make_run(), make_run("stgcn"), make_run("<b>")])
    assert found is not None
    assert [chart.name for chart in found.charts] == ["cmc_models", "precision_models", "queries_models"]
    assert found.charts[0].alt == (
        "Match curves of All models: pcb 70.0 % at rank 1, stgcn 70.0 % at rank 1, <b> 70.0 % at rank 1."
    )
    assert b"&lt;b&gt;" in found.charts[1].svg


def test_no_models_precision_is_cut_off(make_run: MakeRun) -> None:
    late = make_run("late")
    found_late = {"match_ranks_P": np.array([20, 20], np.int32), "first_match_Q": np.array([20, 20], np.int32)}
    late = replace(late, rankings={key: replace(one, **found_late) for key, one in late.rankings.items()})
    found = compare_models([late, make_run()])
    assert found is not None
    assert found.charts[1].alt.count("late 5.0 % at half the matches") == 1
    assert b"below" not in found.charts[1].svg


def test_models_have_looks_of_their_own_and_streams_their_colour(make_run: MakeRun) -> None:
    ranking = make_run().rankings["visual"]
    lines = [
        Line(key="joint/logistic", label="", metrics={}, ranking=ranking, number=number) for number in (0, 1, None)
    ]
    looks = [line.look() for line in lines]
    assert len(set(looks)) == 3
    assert looks[2][0] == stream_colour("joint")


@pytest.mark.parametrize("count", [1, 7, 5000])
def test_sorted_queries_are_thinned_but_keep_their_ends(make_run: MakeRun, count: int) -> None:
    ap_Q = np.random.default_rng(0).random(count)
    ranking = replace(make_run().rankings["visual"], ap_Q=np.append(ap_Q, np.nan))
    share_X, ap_X = _sorted_precisions(ranking)
    assert len(share_X) == len(ap_X) == min(count, DRAWN_QUERIES)
    assert (ap_X[0], ap_X[-1]) == (100 * ap_Q.min(), 100 * ap_Q.max())
    np.testing.assert_allclose(ap_X, np.quantile(100 * ap_Q, share_X / 100, method="hazen"))
