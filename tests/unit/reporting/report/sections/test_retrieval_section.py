"""Groups of curves of how well right matches are found."""

import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from streid.files.rankings import RECALL_LEVELS
from streid.reporting.report.sections.retrieval_section import compare_models, fusion_curves
from streid.reporting.runs import ModelRun

MakeRun = Callable[..., ModelRun]
OTHER = {"visual": {"cmc": [0.5, 1.0]}, "joint": {"cmc": [0.25, 1.0]}}


def test_three_charts_per_fusion_tell_the_same_streams(make_run: MakeRun) -> None:
    found = fusion_curves(make_run(), "logistic")
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
    first, second = (fusion_curves(run, fusion) for fusion in ("logistic", "likelihood"))
    assert [first.title, second.title] == ["pcb, logistic", "pcb, likelihood"]
    assert second.charts[0].alt == (
        "Match curves of pcb, likelihood: Appearance 50.0 % at rank 1, Appearance + times 25.0 % at rank 1."
    )
    assert all(b">20</text>" in one.charts[0].svg for one in (first, second))
    assert b">20</text>" not in fusion_curves(make_run(), "logistic").charts[0].svg


def test_without_rankings_there_are_match_curves_only(make_run: MakeRun) -> None:
    charts = fusion_curves(replace(make_run(), rankings={}), "logistic").charts
    assert [chart.name for chart in charts] == ["cmc_pcb_logistic"]


def test_models_are_compared_where_there_are_several(make_run: MakeRun) -> None:
    assert compare_models([make_run()]) == []
    (found,) = compare_models([make_run(), make_run("stgcn"), make_run("<b>")])
    assert [chart.name for chart in found.charts] == ["cmc_models", "precision_models", "queries_models"]
    assert found.charts[0].alt == (
        "Match curves of All models, each at its best step: pcb 70.0 % at rank 1, stgcn 70.0 % at "
        "rank 1, <b> 70.0 % at rank 1."
    )
    assert b"&lt;b&gt;" in found.charts[1].svg


def test_no_models_precision_is_cut_off(make_run: MakeRun) -> None:
    late = make_run("late")
    found_late = {"match_ranks_P": np.array([20, 20], np.int32), "first_match_Q": np.array([20, 20], np.int32)}
    found_late["precision_L"] = np.full(RECALL_LEVELS, 0.05)
    late = replace(late, rankings={key: replace(one, **found_late) for key, one in late.rankings.items()})
    (found,) = compare_models([late, make_run()])
    assert found.charts[1].alt.count("late 5.0 % at half the matches") == 1
    assert b"below" not in found.charts[1].svg
