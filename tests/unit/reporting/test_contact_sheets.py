"""Ranked lists and samples."""

import base64
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from streid.data.picture_source import PictureSource
from streid.errors import InputError
from streid.reporting.contact_sheets import PictureStore
from streid.reporting.report.ranked import describe_gap, hardest_queries, hardest_sheet, rank_queries, ranked_sheet
from streid.reporting.runs import ModelRun
from streid.reporting.wording import Clock

MakeRun = Callable[..., ModelRun]

CLOCK = Clock(per_second=25, unit="frames")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for row, size in enumerate([(64, 128), (256, 512), (30, 20)]):
        Image.new("RGB", size, (40 * row, 90, 120)).save(tmp_path / f"{row}.jpg")
    return tmp_path


def test_thumbnails_fit_and_are_never_enlarged(root: Path) -> None:
    store = PictureStore(PictureSource(root))
    assert [store.thumbnail(f"{row}.jpg").picture.size for row in range(3)] == [(64, 128), (64, 128), (30, 20)]
    assert store.thumbnail("0.jpg") is store.thumbnail("0.jpg")
    kind, content = store.thumbnail("2.jpg").uri.split(",")
    assert kind == "data:image/jpeg;base64"
    assert Image.open(io.BytesIO(base64.b64decode(content))).size == (30, 20)


def test_a_missing_picture_is_named(root: Path) -> None:
    with pytest.raises(InputError, match=r"9\.jpg"):
        PictureStore(PictureSource(root)).thumbnail("9.jpg")


def test_ranked_lists_mark_right_and_wrong(make_run: MakeRun, root: Path) -> None:
    queries = rank_queries(make_run(), PictureStore(PictureSource(root)), CLOCK, count=2, seed=0)
    query = next(query for query in queries if query.path == "0.jpg")
    assert [stream.title for stream in query.streams] == ["Appearance", "Appearance + times", "Re-ranked"]
    hits = query.streams[0].hits
    assert [(hit.rank, hit.right, hit.camera, hit.gap) for hit in hits] == [
        (1, True, 2, "+2 s"),
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
    run.rankings[run.final_stream].ap_Q[0] = np.nan
    assert len(hardest_queries(run, store, CLOCK, count=5)) == 1
    assert hardest_queries(run, store, CLOCK, count=0) == []


def test_times_of_other_sessions_do_not_compare(make_run: MakeRun) -> None:
    run = make_run()
    moved = run.gallery.take(np.array([0]))
    moved.session_N[:] = 5
    assert describe_gap(run.query, 0, moved, 0, CLOCK) == "other session"
