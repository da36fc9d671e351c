"""The section on space and time."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest
from travel_times_by_hand import CLOCK, histograms, likelihood

from streid.reporting.report.sections.spatiotemporal_section import compose_spatiotemporal
from streid.reporting.runs import ModelRun

MakeRun = Callable[..., ModelRun]
ALL = [(later, earlier, 3, 2) for later in range(7) for earlier in range(later)]


@pytest.mark.parametrize(("cameras", "matrix"), [(3, False), (7, True)])
def test_all_pairs_share_a_matrix_where_there_are_too_many(make_run: MakeRun, cameras: int, matrix: bool) -> None:
    times = histograms(cameras, *[one for one in ALL if max(one[:2]) < cameras], likelihood=likelihood(cameras))
    record = {"histograms": {"bin_width": 100}}
    material = SimpleNamespace(runs=[make_run()], histograms=times, clock=CLOCK, record=record)
    section = compose_spatiotemporal(material)  # type: ignore[arg-type]
    names = [chart.name for chart in section.charts]
    assert ("travel_all" in names) == matrix
    pairs = [name for name in names if name.startswith("travel_") and name != "travel_all"]
    assert len(pairs) == (15 if matrix else 3)
    assert {"camera_map", "pairs_pcb_visual"} <= set(names)
    assert not section.travel.densities  # no model shown uses them
    assert len(section.separation_table) == 4
