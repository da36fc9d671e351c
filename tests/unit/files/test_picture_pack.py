"""Packs: the bytes that went in, and what is damaged or missing is named."""

import multiprocessing
import pickle
from pathlib import Path

import h5py
import pytest

from streid.errors import InputError
from streid.files.picture_pack import PackReader, create_pack

FILES = {
    "query/b.jpg": b"second" * 200,
    "query/a.jpg": b"first" * 300,
    "train/Straße 7/c.jpg": b"third",
    "empty.jpg": b"",
}


def pack(target: Path) -> Path:
    with create_pack(target, sum(map(len, FILES.values()))) as writer:
        for name, content in FILES.items():
            writer.add(name, content)
    return target


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    return pack(tmp_path / "pictures.h5")


def test_a_pack_gives_what_went_in(packed: Path) -> None:
    reader = PackReader(packed)
    assert {name: reader.read(name) for name in FILES} == FILES


def test_any_hdf5_reader_can_unpack(packed: Path) -> None:
    with h5py.File(packed) as handle:
        paths = list(handle["path"].asstr()[:])
        assert paths == sorted(FILES, key=str.encode)
        for row, path in enumerate(paths):
            start, length = handle["offset"][row], handle["length"][row]
            assert handle["content"][start : start + length].tobytes() == FILES[path]


def test_the_same_files_give_the_same_pack(packed: Path, tmp_path: Path) -> None:
    assert pack(tmp_path / "again.h5").read_bytes() == packed.read_bytes()


def test_processes_share_a_reader(packed: Path) -> None:
    reader = PackReader(packed)
    names = [name for name in FILES if reader.read(name) is not None]
    for method in ("fork", "spawn"):
        with multiprocessing.get_context(method).Pool(2) as pool:
            assert pool.map(reader.read, names * 5) == [FILES[name] for name in names * 5]
    assert pickle.loads(pickle.dumps(reader)).read("query/a.jpg") == FILES["query/a.jpg"]


def test_missing_files_are_named(packed: Path, tmp_path: Path) -> None:
    for name in ("query/c.jpg", "a", "z", "query/a.jpg/and a name longer than any in the pack"):
        with pytest.raises(InputError, match=r"pictures\.h5: does not hold .*; run prepare_dataset again"):
            PackReader(packed).read(name)
    with pytest.raises(InputError, match=r"none\.h5: no such file"):
        PackReader(tmp_path / "none.h5")


def test_a_damaged_file_is_not_read(packed: Path) -> None:
    content = bytearray(packed.read_bytes())
    content[content.index(FILES["query/a.jpg"]) + 700] ^= 1
    packed.write_bytes(content)
    reader = PackReader(packed)
    with pytest.raises(InputError, match=r"query/a\.jpg is damaged"):
        reader.read("query/a.jpg")
    assert reader.read("query/b.jpg") == FILES["query/b.jpg"]


def test_packs_that_cannot_be_used_are_refused(packed: Path) -> None:
    packed.write_bytes(packed.read_bytes()[:5000])
    with pytest.raises(InputError, match="damaged HDF5 file"):
        PackReader(packed)
    with h5py.File(packed, "w") as handle:
        handle.attrs["format"] = "streid-features"
    with pytest.raises(InputError, match="expected 'streid-pictures'"):
        PackReader(packed)
    pack(packed)
    with h5py.File(packed, "r+") as handle:
        handle["length"][0] += 10**6
    with pytest.raises(InputError, match=r"pictures\.h5: the index points beyond the content"):
        PackReader(packed)


def test_a_pack_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with (
        pytest.raises(InputError, match=r"b\.jpg: the data set's files grew"),
        create_pack(tmp_path / "p.h5", 5) as one,
    ):
        one.add("a.jpg", b"1234")
        one.add("a.jpg", b"1234")
        one.add("b.jpg", b"56")
    assert list(tmp_path.iterdir()) == []


def test_room_that_is_not_needed_does_no_harm(tmp_path: Path) -> None:
    with create_pack(tmp_path / "p.h5", 100) as one:
        one.add("a.jpg", b"1234")
    assert PackReader(tmp_path / "p.h5").read("a.jpg") == b"1234"
    with create_pack(tmp_path / "none.h5", 0):
        pass
    with pytest.raises(InputError, match=r"does not hold a\.jpg"):
        PackReader(tmp_path / "none.h5").read("a.jpg")
