"""What the workflow watches of each format."""

from collections.abc import Callable
from pathlib import Path

import pytest
from dataset_trees import write_duke, write_duke_video, write_mars, write_msmt17, write_msmt17_copy

from streid.data.layouts import FORMATS, find_format, raw_inputs
from streid.errors import InputError


@pytest.mark.parametrize(
    ("source_format", "write", "expected"),
    [
        ("dukemtmc", write_duke, "bounding_box_test bounding_box_train query"),
        ("msmt17", write_msmt17, "list_gallery.txt list_query.txt list_train.txt list_val.txt test train"),
        ("msmt17", write_msmt17_copy, "bounding_box_test bounding_box_train query"),
        (
            "mars",
            write_mars,
            "bbox_test bbox_train info/query_IDX.mat info/test_name.txt info/tracks_test_info.mat "
            "info/tracks_train_info.mat info/train_name.txt",
        ),
        ("duke_video", write_duke_video, "gallery gallery/0005 gallery/0705 query query/0005 train train/0001"),
        ("manifest", write_duke, ""),
    ],
)
def test_inputs_of_a_format(tmp_path: Path, source_format: str, write: Callable[[Path], Path], expected: str) -> None:
    write(tmp_path)
    assert [path.relative_to(tmp_path).as_posix() for path in raw_inputs(source_format, tmp_path)] == expected.split()


def test_masks_are_watched_and_what_is_missing_is_not(tmp_path: Path) -> None:
    (tmp_path / "masks" / "query").mkdir(parents=True)
    for source_format in FORMATS:
        assert raw_inputs(source_format, tmp_path) == [tmp_path / "masks", tmp_path / "masks" / "query"]
        assert raw_inputs(source_format, tmp_path / "nothing") == []


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_told_by_a_module_of_its_own(name: str) -> None:
    told = [find_format(one) for one in FORMATS if one != name]
    assert all(find_format(name) is not other for other in told)


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(InputError, match="unknown data set format 'cuhk03'; known: .*market1501, dukemtmc"):
        find_format("cuhk03")
