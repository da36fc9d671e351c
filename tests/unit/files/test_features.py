"""features.h5: round trips, and what the checked reader refuses."""

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from streid.errors import InputError
from streid.files.checksums import has_checksum
from streid.files.features import (
    feature_groups,
    feature_origin,
    largest_of_rows,
    read_features,
    read_sightings,
    write_features,
)
from streid.files.sightings import Sightings


def make_sightings(count: int) -> Sightings:
    rows = np.arange(count, dtype=np.int64)
    paths = np.array([f"query/ü {row}.jpg" for row in rows], object)
    return Sightings(pid_N=rows + 1, camid_N=rows % 3, session_N=rows * 0, time_N=rows - 1, path_N=paths)


def store_features(path: Path, features: dict[str, np.ndarray], dtype: str = "float32") -> None:
    groups = {name: (make_sightings(len(rows)), [rows[:2], rows[2:]]) for name, rows in features.items()}
    write_features(path, dataset="tiny", model="pcb", dimension=4, groups=groups, dtype=dtype)


@pytest.fixture
def features_file(tmp_path: Path) -> Path:
    generator = np.random.default_rng(0)
    path = tmp_path / "features.h5"
    store_features(path, {name: generator.normal(size=(5, 4)).astype(np.float32) for name in ("query", "gallery")})
    return path


def replace(file: h5py.File, name: str, value: object) -> None:
    if name in file:
        del file[name]
    file[name] = value


def ragged(file: h5py.File, name: str) -> None:
    del file[name]
    file.create_dataset(name, (5,), h5py.vlen_dtype(np.float32))


def huge(file: h5py.File, name: str, shape: tuple[int, ...]) -> None:
    dtype = file[name].dtype
    del file[name]
    file.create_dataset(name, shape, dtype, chunks=(1024, *shape[1:]))


def virtual(file: h5py.File, name: str) -> None:
    del file[name]
    layout = h5py.VirtualLayout((5, 4), np.float32)
    layout[:] = h5py.VirtualSource("other.h5", "features", (5, 4))
    file.create_virtual_dataset(name, layout)


def stored_elsewhere(file: h5py.File, name: str) -> None:
    del file[name]
    file.create_dataset(name, (5,), np.int64, external=[("/etc/passwd", 0, 40)])


def test_features_round_trip(features_file: Path) -> None:
    loaded = read_features(features_file)
    expected = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    assert (loaded.dataset, loaded.model) == ("tiny", "pcb")
    assert feature_groups(features_file) == ("gallery", "query")
    np.testing.assert_array_equal(loaded.groups["query"].features_ND, expected)
    np.testing.assert_array_equal(loaded.groups["query"].sightings.time_N, [-1, 0, 1, 2, 3])
    assert read_sightings(features_file, "gallery").path_N[4] == "query/ü 4.jpg"


def test_features_name_the_weights_they_come_from_where_known(features_file: Path, tmp_path: Path) -> None:
    group = (make_sightings(1), [np.ones((1, 4))])
    path = tmp_path / "named.h5"
    write_features(path, dataset="d", model="m", dimension=4, groups={"query": group}, weights="ab12", network="{}")
    assert feature_origin(path) == ("ab12", "{}")
    assert feature_origin(features_file) == ("", "")


def test_half_precision_features_are_read_as_float32(tmp_path: Path) -> None:
    rows = np.array([[0.5, 0.25, 1, -2]] * 3, np.float32)
    store_features(tmp_path / "half.h5", {"query": rows, "gallery": rows}, dtype="float16")
    loaded = read_features(tmp_path / "half.h5").groups["gallery"].features_ND
    assert loaded.dtype == np.float32
    np.testing.assert_array_equal(loaded, rows)


def test_same_features_give_the_same_bytes(tmp_path: Path) -> None:
    rows = np.eye(4, dtype=np.float32)
    for name in ("a.h5", "b.h5"):
        store_features(tmp_path / name, {"query": rows, "gallery": rows})
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda file: file.attrs.__setitem__("format", "other"), "format is 'other'"),
        (lambda file: file.attrs.__setitem__("version", 9), "version 9"),
        (lambda file: file.__delitem__("gallery"), "incomplete"),
        (lambda file: file["query/features"].__setitem__((2, 1), np.nan), "row 2 are not finite"),
        (lambda file: file["query/time"].__setitem__(0, -5), "time of row 0 is -5; a number of at least -1"),
        (lambda file: file["query/pid"].__setitem__(3, -2), "pid of row 3 is -2; a number of at least -1"),
        (lambda file: file["gallery/session"].__setitem__(1, -1), "session of row 1 is -1; a number of at least 0"),
        (lambda file: replace(file, "query/pid", np.full(5, 2**64 - 1, np.uint64)), "pid of row 0 is 1844674407"),
        (lambda file: replace(file, "query/pid", np.ones(5, np.float32)), "pid holds float32, expected int64"),
        (lambda file: replace(file, "query/pid", np.ones((5, 1), np.int64)), r"pid_N has shape \(5, 1\)"),
        (lambda file: replace(file, "query/pid", np.ones(4, np.int64)), r"camid_N has shape \(5,\), expected \(4,\)"),
        (lambda file: replace(file, "query/features", np.ones((4, 4), np.float32)), r"shape \(4, 4\) for 5 pictures"),
        (lambda file: replace(file, "query/features", np.ones((5, 4), np.int64)), "expected float"),
        (lambda file: replace(file, "query/features", np.ones((5, 4), np.complex64)), "expected float"),
        (lambda file: replace(file, "query/features", np.ones(5, np.float32)), "expected float"),
        (lambda file: replace(file, "query/features", np.full((5, 4), 1e300)), "row 0 are not finite"),
        (lambda file: replace(file, "query/features", h5py.Empty("f4")), "expected float"),
        (lambda file: replace(file, "query/features", [[b"a"] * 4] * 5), "expected float"),
        (lambda file: ragged(file, "query/features"), "expected float"),
        (lambda file: ragged(file, "query/pid"), "pid holds object, expected int64"),
        (
            lambda file: huge(file, "query/features", (10**9, 2048)),
            r"features declares shape \(1000000000, 2048\)",
        ),
        (lambda file: huge(file, "query/pid", (10**12,)), "query/pid declares shape .*, but only 0 bytes are stored"),
        (lambda file: replace(file, "extra", h5py.ExternalLink("other.h5", "/query")), "extra is a link into another"),
        (lambda file: replace(file, "query/path", h5py.SoftLink("/query/path")), "incomplete|not laid out|damaged"),
        (lambda file: virtual(file, "query/features"), "query/features is stored in another file"),
        (lambda file: stored_elsewhere(file, "query/time"), "query/time is stored in another file"),
        (lambda file: [file.create_group(f"many/{number}") for number in range(10_001)], "more than 10000 groups"),
        (lambda file: (file.__delitem__("query"), file.__setitem__("query", [1])), "not laid out"),
        (lambda file: (file.__delitem__("query/pid"), file.__setitem__("query/pid", 1)), "not laid out"),
        (lambda file: (file.__delitem__("query/path"), file.__setitem__("query/path", [1] * 5)), "not laid out"),
    ],
)
def test_unusable_features_are_refused(features_file: Path, damage: Callable[[h5py.File], None], message: str) -> None:
    with h5py.File(features_file, "r+") as handle:
        damage(handle)
    with pytest.raises(InputError, match=message) as refused:
        read_features(features_file)
    assert str(features_file) in str(refused.value)


def test_truncated_and_flipped_features_are_refused(features_file: Path) -> None:
    whole = features_file.read_bytes()
    features_file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="damaged"):
        read_features(features_file)
    stored = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32).tobytes()
    flipped = bytearray(whole)
    flipped[whole.index(stored) + 3] ^= 1
    features_file.write_bytes(flipped)
    with pytest.raises(InputError, match="damaged"):
        read_features(features_file)


def test_groups_must_have_one_feature_length(tmp_path: Path) -> None:
    path = tmp_path / "features.h5"
    store_features(path, {"query": np.ones((3, 4), np.float32), "gallery": np.ones((3, 4), np.float32)})
    with h5py.File(path, "r+") as handle:
        del handle["query/features"]
        handle["query/features"] = np.ones((3, 5), np.float32)
    with pytest.raises(InputError, match="feature lengths"):
        read_features(path)


def test_too_few_feature_rows_leave_nothing_behind(tmp_path: Path) -> None:
    groups = {"query": (make_sightings(3), [np.ones((2, 4), np.float32)])}
    with pytest.raises(InputError, match="2 feature rows for 3 pictures"):
        write_features(tmp_path / "f.h5", dataset="d", model="m", dimension=4, groups=groups)
    assert not list(tmp_path.iterdir())


def test_features_made_elsewhere_need_no_checksum(features_file: Path) -> None:
    with h5py.File(features_file, "r+") as file:
        file.attrs["note"] = "edited"
    assert not has_checksum(features_file)
    assert read_features(features_file).model == "pcb"


def test_the_largest_values_of_rows_are_absolute() -> None:
    rows_ND = np.array([[-3, 2], [0, 0], [1, -0.5]], np.float32)
    np.testing.assert_array_equal(largest_of_rows(rows_ND), np.array([3, 0, 1], np.float32))
    assert largest_of_rows(rows_ND[:0]).shape == (0,)
