"""Shards of a features.h5: put together to the whole, or the one that does not fit is named; the only one is linked."""

import errno
import os
from pathlib import Path

import h5py
import numpy as np
import pytest

from streid.errors import InputError
from streid.files import feature_shards as shards_module
from streid.files.feature_shards import ShardGroup, ShardHeader, merge_shards, write_shard
from streid.files.features import read_features, write_features
from streid.files.sightings import Sightings

ROWS = {"gallery": 5, "query": 7}
FEATURES = {name: np.random.default_rng(rows).normal(size=(rows, 4)).astype(np.float32) for name, rows in ROWS.items()}
KEPT = {"dataset": "d", "model": "m", "unit": "tracklet", "weights": "w", "dimension": 4, "dtype": "float32"}


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    path = tmp_path / "shards" / "1-of-1.h5"
    sightings = Sightings(
        pid_N=np.array([1, 2]),
        camid_N=np.array([1, 1]),
        session_N=np.array([0, 0]),
        time_N=np.array([5, 6]),
        path_N=np.array(["a.jpg", "b.jpg"], object),
    )
    rows_ND = np.arange(6, dtype=np.float32).reshape(2, 3)
    groups = {name: (sightings, [rows_ND]) for name in ("gallery", "query")}
    write_features(path, dataset="d", model="m", dimension=3, groups=groups)
    return path


def test_the_only_shard_becomes_the_output_without_a_copy(whole: Path, tmp_path: Path) -> None:
    output = tmp_path / "features.h5"
    merge_shards([whole], output)
    assert output.samefile(whole)
    whole.unlink()
    assert read_features(output).groups["query"].features_ND.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["features.h5", "shards"]


def test_an_earlier_output_is_replaced_and_a_link_stays(whole: Path, tmp_path: Path) -> None:
    output = tmp_path / "features.h5"
    output.write_bytes(b"of an earlier run")
    (tmp_path / ".features.h5.partial").write_bytes(b"of a killed one")
    for _ in range(2):
        merge_shards([whole], output)
        assert output.samefile(whole)
        assert not (tmp_path / ".features.h5.partial").exists()


def test_where_there_are_no_hard_links_it_is_copied(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_self: Path, _target: Path) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    merge_shards([whole], tmp_path / "features.h5")
    assert not (tmp_path / "features.h5").samefile(whole)
    assert (tmp_path / "features.h5").read_bytes() == whole.read_bytes()


def test_other_errors_of_a_link_are_reported(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_self: Path, _target: Path) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    with pytest.raises(OSError, match="Read-only file system"):
        merge_shards([whole], tmp_path / "features.h5")
    assert not (tmp_path / "features.h5").exists()


def test_what_is_no_shard_is_refused(whole: Path, tmp_path: Path) -> None:
    (tmp_path / "text.h5").write_text("no HDF5")
    with pytest.raises(InputError, match=r"text\.h5: not an HDF5 file"):
        merge_shards([tmp_path / "text.h5"], tmp_path / "features.h5")
    with pytest.raises(InputError, match=r"none\.h5: no such file"):
        merge_shards([tmp_path / "none.h5"], tmp_path / "features.h5")
    with pytest.raises(InputError, match="format is 'streid-features', expected 'streid-feature-shard'"):
        merge_shards([whole, whole], tmp_path / "features.h5")
    with pytest.raises(InputError, match="is read as an input"):
        merge_shards([whole], whole)
    assert not (tmp_path / "features.h5").exists()


def sightings(rows_N: np.ndarray) -> Sightings:
    paths = np.array([f"{row}.jpg" for row in rows_N], object)
    return Sightings(pid_N=rows_N, camid_N=rows_N % 3, session_N=rows_N * 0, time_N=rows_N * 10, path_N=paths)


def make_shard(root: Path, shard: int, shards: int, run: str = "r") -> Path:
    """Every shards-th row of each group, in blocks of two."""
    groups = {}
    for name, rows in ROWS.items():
        own = np.arange(rows)[shard - 1 :: shards]
        blocks = [FEATURES[name][own[start : start + 2]] for start in range(0, len(own), 2)]
        groups[name] = ShardGroup(rows_N=own, sightings=sightings(own), blocks=blocks)
    path = root / f"{shard}-of-{shards}.h5"
    write_shard(path, ShardHeader(run=run, shard=shard, shards=shards, **KEPT), groups)  # type: ignore[arg-type]
    return path


@pytest.mark.parametrize("shards", [2, 3, 7, 9])
def test_merged_shards_are_the_file_written_at_once(tmp_path: Path, shards: int) -> None:
    whole = {name: (sightings(np.arange(rows)), [FEATURES[name]]) for name, rows in ROWS.items()}
    write_features(tmp_path / "whole.h5", groups=whole, **KEPT)  # type: ignore[arg-type]
    paths = [make_shard(tmp_path, shard, shards) for shard in range(1, shards + 1)]
    merge_shards(paths[::-1], tmp_path / "merged.h5")
    assert (tmp_path / "merged.h5").read_bytes() == (tmp_path / "whole.h5").read_bytes()


def test_too_few_rows_leave_no_shard(tmp_path: Path) -> None:
    group = ShardGroup(rows_N=np.arange(3), sightings=sightings(np.arange(3)), blocks=[FEATURES["query"][:2]])
    header = ShardHeader(run="r", shard=1, shards=1, **KEPT)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="group query got 2 feature rows for 3 units"):
        write_shard(tmp_path / "s.h5", header, {"query": group})
    assert not list(tmp_path.iterdir())


def test_shards_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    one, two = make_shard(tmp_path, 1, 2), make_shard(tmp_path, 2, 2)
    output = tmp_path / "merged.h5"
    with pytest.raises(InputError, match="numbers 1 of 2; every one is needed"):
        merge_shards([one], output)
    with pytest.raises(InputError, match="numbers 1, 1 of 2"):
        merge_shards([one, one], output)
    with pytest.raises(InputError, match="no such file"):
        merge_shards([one, tmp_path / "none.h5"], output)
    make_shard(tmp_path, 2, 2, run="other")
    with pytest.raises(InputError, match=r"2-of-2\.h5: belongs to another run than"):
        merge_shards([one, two], output)
    two.write_bytes(one.read_bytes())
    with h5py.File(two, "r+") as file:
        file.attrs["shard"] = 2
    with pytest.raises(InputError, match="rows of group gallery are not complete"):
        merge_shards([one, two], output)
    assert not output.exists()


@pytest.mark.parametrize("damage", ["features", "pid", "row", "dimension", "group", "attribute"])
@pytest.mark.parametrize("shard", [1, 2, 3])
def test_the_damaged_shard_is_the_one_named(tmp_path: Path, damage: str, shard: int) -> None:
    paths = [make_shard(tmp_path, number, 3) for number in (1, 2, 3)]
    with h5py.File(paths[shard - 1], "r" if damage == "features" else "r+") as file:
        if damage == "features":
            place = file["query/features"].id.get_offset()
        elif damage == "dimension":
            file.attrs["dimension"] = 9
        elif damage == "attribute":
            del file.attrs["run"]
        elif damage == "group":
            del file["query"]
        else:
            del file[f"query/{damage}"]
    if damage == "features":
        with paths[shard - 1].open("rb+") as content:
            content.seek(place)
            content.write(b"\xff\xff")
    # Where a group is missing from the first shard, the second is the first to differ.
    named = 2 if (damage, shard) == ("group", 1) else shard
    with pytest.raises(InputError, match=rf"^\S*/{named}-of-3\.h5: "):
        merge_shards(paths, tmp_path / "merged.h5")
    assert not (tmp_path / "merged.h5").exists()


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("shard", 1.0, "the attribute shard is 1.0; extract"),
        ("shards", "2", "the attribute shards is '2'"),
        ("dimension", 0, "features of 0 x float32 are impossible"),
        ("dtype", "object", "x object are impossible"),
        ("dimension", 10**12, "another shape than the shard declares"),
        ("model", [1, 2], r"the attribute model is \[1, 2\]; extract"),
    ],
)
def test_a_shard_whose_header_cannot_be_is_refused(tmp_path: Path, name: str, value: object, message: str) -> None:
    path = make_shard(tmp_path, 1, 1)
    with h5py.File(path, "r+") as file:
        file.attrs[name] = value
    with pytest.raises(InputError, match=message):
        merge_shards([path], tmp_path / "merged.h5")
    assert not (tmp_path / "merged.h5").exists()


def test_what_goes_wrong_with_the_output_is_no_shards_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [make_shard(tmp_path, number, 2) for number in (1, 2)]

    def full(*arguments: object, **others: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(shards_module, "write_features", full)
    with pytest.raises(OSError, match="No space left"):
        merge_shards(paths, tmp_path / "merged.h5")
