"""Lines of charts about ranked lists."""

from collections.abc import Callable

from streid.reporting.figures.stream_lines import Line, axis_start, fusion_lines, model_lines
from streid.reporting.palette import stream_colour
from streid.reporting.runs import ModelRun

MakeRun = Callable[..., ModelRun]


def test_models_have_looks_of_their_own_and_streams_their_colour(make_run: MakeRun) -> None:
    ranking = make_run().rankings["visual"]
    lines = [
        Line(key="joint/logistic", label="", metrics={}, ranking=ranking, number=number) for number in (0, 1, None)
    ]
    looks = [line.look() for line in lines]
    assert len(set(looks)) == 3
    assert looks[2][0] == stream_colour("joint")


def test_lines_are_the_streams_of_a_fusion_or_the_best_ones_of_the_models(make_run: MakeRun) -> None:
    run = make_run(beside={"likelihood": ({"visual": {"mAP": 1}, "joint": {"mAP": 1}}, {})})
    assert [line.key for line in fusion_lines(run, "likelihood")] == ["visual", "joint/likelihood"]
    lines = model_lines([run, make_run("stgcn")])
    assert [(line.key, line.label, line.number) for line in lines] == [
        ("visual", "pcb", 0),
        ("reranked/logistic", "stgcn", 1),
    ]


def test_the_axis_begins_below_all_lines_but_those_of_times_alone() -> None:
    assert axis_start([("visual", 78.0), ("joint/logistic", 91.0), ("spatiotemporal/logistic", 3.0)]) == 65
    assert axis_start([("spatiotemporal/logistic", 33.0)]) == 25
    assert axis_start([("visual", 4.0)]) == 0
