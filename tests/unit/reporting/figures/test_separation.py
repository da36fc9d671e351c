"""Right and wrong pairs' scores."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from streid.reporting.figures.separation import (
    BINS,
    _edges,
    _shares,
    plot_separation,
    separate_streams,
    separation_rows,
)
from streid.reporting.runs import ModelRun
from streid.scoring.breakdown import Separation

MakeRun = Callable[..., ModelRun]


def test_a_chart_and_a_row_per_stream(make_run: MakeRun) -> None:
    run = make_run()  # right pairs score 1, wrong ones 0 and 2
    separated = separate_streams(run)
    assert list(separated) == list(run.streams)
    charts = plot_separation("pcb", separated)
    assert [chart.name for chart in charts][::2] == ["pairs_pcb_visual", "pairs_pcb_joint_logistic"]
    assert charts[0].alt == (
        "Scores of 2 right and 4 wrong pairs, pcb, Appearance: the median right pair has 1, the median wrong one 1; a "
        "right pair scores above a wrong one in 50.0 % of cases."
    )
    assert b"ROC-AUC 0.500" in charts[0].svg
    rows = separation_rows({"pcb": separated})
    assert rows[0] == ("pcb: Appearance", ("0.5000", "5000.0"))
    assert rows[-1][0] == "pcb: Re-ranked, logistic"


def test_charts_go_fusion_by_fusion(make_run: MakeRun) -> None:
    metrics = {"visual": {"mAP": 0.4, "cmc": [1]}, "joint": {"mAP": 0.5, "cmc": [1]}}
    run = make_run(beside={"likelihood": (metrics, {})})
    titles = [chart.title for chart in plot_separation("pcb", separate_streams(run))]
    assert titles[:2] == ["Appearance", "Times alone, logistic"]
    assert titles[-2:] == ["Re-ranked, logistic", "Appearance + times, likelihood"]


def test_streams_without_wrong_pairs_are_left_out(make_run: MakeRun) -> None:
    run = make_run()
    only_right = replace(run.rankings["visual"], wrong_scores_QW=np.full((2, 3), np.nan, np.float32))
    separated = separate_streams(replace(run, rankings={**run.rankings, "visual": only_right}))
    assert "visual" not in separated
    assert separate_streams(replace(run, rankings={})) == {}


def test_outliers_stand_in_the_last_bins() -> None:
    right, wrong = np.linspace(0.5, 1, 1000), np.linspace(0, 0.6, 1000)
    right[-1], wrong[0] = 900, -900
    one = Separation(right_R=right, wrong_W=wrong, auc=0.9, above=0.0)
    edges = _edges(one)
    assert len(edges) == BINS + 1
    assert -0.01 < edges[0] < 0.01 and 0.98 < edges[-1] < 1.01
    shares = _shares(wrong, edges)
    assert shares.max() == 1
    assert shares[edges[:-1] > 0.61].sum() == 0
    same = Separation(right_R=np.ones(3), wrong_W=np.ones(3), auc=0.5, above=0.0)
    assert (np.diff(_edges(same)) > 0).all()
