"""Ranked lists of some queries."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from streid.data.picture_source import PictureSource
from streid.reporting.contact_sheets import PictureStore
from streid.reporting.report.ranked import hardest_queries, hardest_sheet, rank_queries, ranked_sheet
from streid.reporting.runs import ModelRun
from streid.reporting.wording import Clock

MakeRun = Callable[..., ModelRun]

CLOCK = Clock(per_second=25, unit="frames")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for row, size in enumerate([(64, 128), (256, 512), (30, 20)]):
        Image.new("RGB", size, (40 * row, 90, 120)).save(tmp_path / f"{row}.jpg")
    return tmp_path


def test_ranked_lists_mark_right_and_wrong(make_run: MakeRun, root: Path) -> None:
    queries = rank_queries(make_run(), PictureStore(PictureSource(root)), CLOCK, count=2, seed=0)
    query = next(query for query in queries if query.path == "0.jpg")
    assert [stream.title for stream in query.streams] == ["Appearance", "Appearance + times", "Re-ranked"]
    hits = query.streams[0].hits
    assert [(hit.rank, hit.right, hit.camera, hit.gap) for hit in hits] == [
        (1, True, 2, "+2.0 s"),
        (2, False, 3, "no time"),
    ]
    assert query.streams[0].average_precision == "20.0"
    assert ranked_sheet(query).mode == "RGB"


def test_the_hardest_queries_come_first(make_run: MakeRun, root: Path) -> None:
    run, store = make_run(), PictureStore(PictureSource(root))
    queries = hardest_queries(run, store, CLOCK, count=5)
    assert [query.reason for query in queries] == ["First right match at rank 3", "First right match at rank 1"]
    assert [query.streams[0].average_precision for query in queries] == ["20.0", "90.0"]
    assert queries[0].streams[0].title == "Re-ranked"
    assert [hit.right for hit in queries[0].streams[0].hits] == [True, False]
    one, three = (hardest_sheet([queries[0]] * count) for count in (1, 3))
    assert one.width == three.width and one.height < three.height
    run.rankings[run.best_stream].ap_Q[0] = np.nan
    assert len(hardest_queries(run, store, CLOCK, count=5)) == 1
    assert hardest_queries(run, store, CLOCK, count=0) == []
