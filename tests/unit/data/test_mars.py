"""MARS's lists and tables: 1-based, 16 bits wide, with junk, distractors and queries that stay in the gallery."""

from pathlib import Path

import numpy as np
import pytest
from dataset_trees import write_mars
from scipy.io import savemat

from streid.data.mars import OFFICIAL_COUNTS, load_mars, parse_name
from streid.errors import InputError


def test_names_are_parsed() -> None:
    assert parse_name("0001C1T0001F001.jpg") == (1, 1)
    assert parse_name("00-1C6T0017F123.jpg") == (-1, 6)
    for name in ("0001_C1_T0001F001.jpg", "-001C1T0001F001.jpg", ""):
        with pytest.raises(InputError, match="not a MARS picture name"):
            parse_name(name)


def test_rows_follow_the_tables(tmp_path: Path) -> None:
    source = load_mars(write_mars(tmp_path))
    rows = [tuple(row) for row in source.table.itertuples(index=False)]
    # Train pictures 1-3, 4-5, 6-7; test pictures 1-2 junk, 3 a distractor, 4-5, 6-8, 9; queries: test rows 3 and 4.
    assert rows[:3] == [(f"bbox_train/0001/0001C1T0001F00{n}.jpg", "train", 1, 1, 0, -1, 0) for n in (1, 2, 3)]
    assert rows[5:7] == [(f"bbox_train/0003/0003C6T0002F00{n}.jpg", "train", 3, 6, 0, -1, 2) for n in (1, 2)]
    assert rows[7:10] == [
        ("bbox_test/00-1/00-1C1T0001F001.jpg", "gallery", -1, 1, 0, -1, 3),
        ("bbox_test/00-1/00-1C1T0001F002.jpg", "gallery", -1, 1, 0, -1, 3),
        ("bbox_test/0000/0000C2T0003F001.jpg", "gallery", 0, 2, 0, -1, 4),
    ]
    assert rows[16:] == [
        *[(f"bbox_test/0002/0002C1T0001F00{n}.jpg", "query", 2, 1, 0, -1, 5) for n in (1, 2)],
        *[(f"bbox_test/0002/0002C3T0001F00{n}.jpg", "query", 2, 3, 0, -1, 6) for n in (1, 2, 3)],
    ]
    gallery = source.table[source.table["split"] == "gallery"]
    assert gallery["tracklet"].tolist() == [3, 3, 4, 5, 5, 6, 6, 6, 7]
    assert (source.expected, source.own_tracklets, source.unit) == (OFFICIAL_COUNTS, True, "tracklet")
    assert "no spatial-temporal stream" in source.remarks[0]


def test_narrow_numbers_do_not_wrap(tmp_path: Path) -> None:
    root = write_mars(tmp_path)
    names = [f"0001C1T0001F{n:03d}.jpg" for n in range(1, 301)]
    (root / "info" / "train_name.txt").write_text("\n".join(names))
    table = np.array([(1, 255, 1, 1), (256, 300, 1, 1)], np.uint16)
    savemat(root / "info" / "tracks_train_info.mat", {"track_train_info": table})
    savemat(root / "info" / "query_IDX.mat", {"query_IDX": np.array([[3]], np.uint8)})
    table_read = load_mars(root).table
    assert table_read["tracklet"].value_counts().sort_index().iloc[:2].tolist() == [255, 45]


def test_names_that_disagree_with_the_table_are_counted(tmp_path: Path) -> None:
    root = write_mars(tmp_path)
    table = np.array([(1, 3, 1, 4), (4, 5, 1, 2), (6, 7, 3, 6)])
    savemat(root / "info" / "tracks_train_info.mat", {"track_train_info": table})
    source = load_mars(root)
    assert source.table["camid"][0] == 4
    assert source.remarks[1].startswith("1 tracklets have pictures named for another identity or camera")


@pytest.mark.parametrize(
    ("file", "variable", "content", "message"),
    [
        (
            "tracks_train_info",
            "track_train_info",
            [[1, 8, 1, 1]],
            r"row 1: pictures 1-8 are not in train_name.txt \(1-7\)",
        ),
        ("tracks_train_info", "track_train_info", [[0, 2, 1, 1]], "row 1: pictures 0-2 are not in"),
        ("tracks_train_info", "track_train_info", [[1, 4, 1, 1]], "show several identities or cameras"),
        ("tracks_train_info", "track_train_info", [[1, 2, 1]], r"has shape \(1, 3\)"),
        ("tracks_test_info", "track_test_info", [[1.5, 2, 1, 1]], "has values that are not whole numbers"),
        ("tracks_test_info", "tracks", [[1, 2, 1, 1]], "holds no variable track_test_info"),
        ("query_IDX", "query_IDX", [[0, 3]], "must be from 1 to the 5 test tracklets"),
        ("query_IDX", "query_IDX", [[6]], "must be from 1 to the 5 test tracklets"),
    ],
)
def test_tables_that_do_not_fit_are_refused(
    tmp_path: Path, file: str, variable: str, content: list[list[float]], message: str
) -> None:
    root = write_mars(tmp_path)
    savemat(root / "info" / f"{file}.mat", {variable: np.array(content)})
    with pytest.raises(InputError, match=rf"{file}\.mat.*{message}"):
        load_mars(root)


def test_missing_and_damaged_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such data set. MARS is offered by its authors"):
        load_mars(tmp_path / "nothing")
    root = write_mars(tmp_path)
    queries = root / "info" / "query_IDX.mat"
    for content in (b"", b"no table at all", queries.read_bytes()[:150]):
        queries.write_bytes(content)
        with pytest.raises(InputError, match=r"query_IDX\.mat: .*fetch it again"):
            load_mars(root)
    queries.unlink()
    with pytest.raises(InputError, match=r"query_IDX\.mat: no such file. MARS is offered"):
        load_mars(root)
    (root / "info" / "test_name.txt").write_text("picture.jpg\n" * 9)
    with pytest.raises(InputError, match=r"test_name\.txt: 'picture\.jpg' is not a MARS picture name"):
        load_mars(root)
