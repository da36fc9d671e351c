"""Several models in one chart."""

from collections.abc import Callable

from streid.reporting.figures.comparison import compare_streams
from streid.reporting.runs import ModelRun

MakeRun = Callable[..., ModelRun]


def test_models_are_compared_in_a_row_each(make_run: MakeRun) -> None:
    chart = compare_streams([make_run("pcb"), make_run("stgcn", visual=make_run().streams["visual"])])[1]
    assert chart.alt == (
        "mAP. pcb: Appearance 40.0 %, Appearance + times, logistic 60.0 %, Re-ranked, logistic 80.0 %; "
        "stgcn: Appearance 40.0 %."
    )
    assert chart.svg.count(b">stgcn</text>") == chart.svg.count(b">Re-ranked, logistic</text>") == 1
    assert b"Times alone" not in chart.svg
    more = compare_streams([make_run(str(number)) for number in range(7)])[1]
    assert more.size == (chart.size[0], chart.size[1] + 5 * 44)


def test_streams_are_compared_in_words(make_run: MakeRun) -> None:
    rank1, mean_ap = compare_streams([make_run()])
    assert (rank1.name, mean_ap.name) == ("compare_rank1", "compare_mAP")
    assert mean_ap.alt == (
        "mAP: Appearance 40.0 %, Times alone, logistic 10.0 %, Appearance + times, logistic 60.0 %, "
        "Re-ranked, logistic 80.0 %."
    )
