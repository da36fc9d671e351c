"""The only shard of an extraction is the features.h5: it is linked, not copied; other shards: test_extraction.py."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from streid.errors import InputError
from streid.files.feature_shards import merge_shards
from streid.files.features import read_features, write_features
from streid.files.sightings import Sightings


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


def test_other_errors_of_a_link_are_told(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
