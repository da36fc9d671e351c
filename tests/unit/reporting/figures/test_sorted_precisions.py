"""Every query's average precision, sorted."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from streid.reporting.figures.sorted_precisions import DRAWN_QUERIES, plot_queries, sorted_precisions
from streid.reporting.figures.stream_lines import fusion_lines
from streid.reporting.runs import ModelRun

MakeRun = Callable[..., ModelRun]


def test_the_worst_tenth_and_the_middle_are_reported(make_run: MakeRun) -> None:
    chart = plot_queries("pcb", "pcb", fusion_lines(make_run(), "logistic")[:1])
    # Average precisions of 0.2 and 0.9.
    assert (
        chart.alt
        == "Sorted average precision of pcb. Appearance: a tenth of the queries below 27.0 %, half below 55.0 %."
    )


@pytest.mark.parametrize("count", [1, 7, 5000])
def test_sorted_queries_are_thinned_but_keep_their_ends(make_run: MakeRun, count: int) -> None:
    ap_Q = np.random.default_rng(0).random(count)
    ranking = replace(make_run().rankings["visual"], ap_Q=np.append(ap_Q, np.nan))
    share_X, ap_X = sorted_precisions(ranking)
    assert len(share_X) == len(ap_X) == min(count, DRAWN_QUERIES)
    assert (ap_X[0], ap_X[-1]) == (100 * ap_Q.min(), 100 * ap_Q.max())
    np.testing.assert_allclose(ap_X, np.quantile(100 * ap_Q, share_X / 100, method="hazen"))
