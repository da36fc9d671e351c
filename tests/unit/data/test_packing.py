"""Packed pictures: the same bytes as the tree's, and what is damaged or missing is named."""

import multiprocessing
import pickle
from pathlib import Path

import h5py
import numpy as np
import pytest
from conftest import write_picture
from PIL import Image

from streid.data.masks import mask_path
from streid.data.packing import PictureSource, open_pack
from streid.errors import InputError

NAMES = ["query/b.jpg", "query/a.jpg", "train/Straße 7/c.jpg", "train/c.jpg"]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Four pictures, one of them with a mask."""
    for seed, name in enumerate(NAMES):
        write_picture(tmp_path / "tree" / name, seed=seed)
    mask = tmp_path / "tree" / mask_path("train/c.jpg")
    mask.parent.mkdir(parents=True)
    Image.fromarray(np.arange(64 * 128, dtype=np.uint8).reshape(128, 64) % 5).save(mask)
    return tmp_path / "tree"


def pack(tree: Path, target: Path, names: list[str] = NAMES) -> Path:
    contents = {name: (tree / name).read_bytes() for name in [*names, mask_path("train/c.jpg")]}
    with open_pack(target, sum(map(len, contents.values()))) as writer:
        for name, content in contents.items():
            writer.add(name, content)
    return target


@pytest.fixture
def packed(tree: Path, tmp_path: Path) -> Path:
    return pack(tree, tmp_path / "pictures.h5")


def test_a_pack_gives_what_the_tree_gives(tree: Path, packed: Path) -> None:
    loose, together = PictureSource(tree), PictureSource(tree / "not there", packed)
    for name in NAMES:
        assert together.bytes(name) == loose.bytes(name) == (tree / name).read_bytes()
        assert together.read(name).tobytes() == loose.read(name).tobytes()
        assert together.read(name).mode == "RGB"
    masks = [np.asarray(source.read_mask("train/c.jpg")) for source in (loose, together)]
    np.testing.assert_array_equal(*masks)
    assert masks[0].max() == 4


def test_any_hdf5_reader_can_unpack(tree: Path, packed: Path) -> None:
    with h5py.File(packed) as handle:
        paths = list(handle["path"].asstr()[:])
        assert paths == sorted([*NAMES, "masks/train/c.png"], key=str.encode)
        row = paths.index("train/Straße 7/c.jpg")
        start, length = handle["offset"][row], handle["length"][row]
        assert handle["content"][start : start + length].tobytes() == (tree / paths[row]).read_bytes()


def test_the_same_files_give_the_same_pack(tree: Path, packed: Path, tmp_path: Path) -> None:
    assert pack(tree, tmp_path / "again.h5").read_bytes() == packed.read_bytes()


def test_processes_share_a_source(tree: Path, packed: Path) -> None:
    source = PictureSource(tree, packed)
    expected = {name: source.bytes(name) for name in NAMES}
    for method in ("fork", "spawn"):
        with multiprocessing.get_context(method).Pool(2) as pool:
            assert pool.map(source.bytes, NAMES * 5) == [expected[name] for name in NAMES * 5]
    assert pickle.loads(pickle.dumps(source)).bytes(NAMES[0]) == expected[NAMES[0]]


def test_missing_pictures_are_named(tree: Path, packed: Path) -> None:
    with pytest.raises(InputError, match=r"tree/query/c\.jpg: no such picture; run prepare_dataset again"):
        PictureSource(tree).read("query/c.jpg")
    for name in ("query/c.jpg", "a", "z", "query/a.jpg/and a name longer than any in the pack"):
        with pytest.raises(InputError, match=r"pictures\.h5: holds no .*; run prepare_dataset again"):
            PictureSource(tree, packed).read(name)
    with pytest.raises(InputError, match=r"masks/query/a\.png: no such picture"):
        PictureSource(tree).read_mask("query/a.jpg")
    with pytest.raises(InputError, match=r"pictures\.h5: no such file"):
        PictureSource(tree, tree / "pictures.h5")


def test_unreadable_pictures_and_masks_are_named(tree: Path, tmp_path: Path) -> None:
    (tree / NAMES[0]).write_bytes(b"no picture")
    Image.new("RGB", (64, 128)).save(tree / mask_path("train/c.jpg"))
    for source in (PictureSource(tree), PictureSource(tree, pack(tree, tmp_path / "pictures.h5"))):
        with pytest.raises(InputError, match=r"query/b\.jpg: unreadable picture"):
            source.read(NAMES[0])
        with pytest.raises(InputError, match=r"masks/train/c\.png: unreadable part mask \(mode RGB"):
            source.read_mask("train/c.jpg")


def test_a_damaged_picture_is_not_read(tree: Path, packed: Path) -> None:
    content = bytearray(packed.read_bytes())
    place = content.index((tree / NAMES[1]).read_bytes())
    content[place + 700] ^= 1
    packed.write_bytes(content)
    source = PictureSource(tree, packed)
    with pytest.raises(InputError, match=r"query/a\.jpg is damaged"):
        source.read(NAMES[1])
    assert source.bytes(NAMES[0]) == (tree / NAMES[0]).read_bytes()


def test_packs_that_cannot_be_used_are_refused(tree: Path, packed: Path) -> None:
    packed.write_bytes(packed.read_bytes()[:5000])
    with pytest.raises(InputError, match="damaged HDF5 file"):
        PictureSource(tree, packed)
    with h5py.File(packed, "w") as handle:
        handle.attrs["format"] = "streid-features"
    with pytest.raises(InputError, match="expected 'streid-pictures'"):
        PictureSource(tree, packed)
    pack(tree, packed)
    with h5py.File(packed, "r+") as handle:
        handle["length"][0] += 10**6
    with pytest.raises(InputError, match=r"pictures\.h5: the index points beyond the content"):
        PictureSource(tree, packed)


def test_a_pack_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"b\.jpg: the data set's files grew"), open_pack(tmp_path / "p.h5", 5) as pack:
        pack.add("a.jpg", b"1234")
        pack.add("a.jpg", b"1234")
        pack.add("b.jpg", b"56")
    assert list(tmp_path.iterdir()) == []


def test_room_that_is_not_needed_does_no_harm(tmp_path: Path) -> None:
    with open_pack(tmp_path / "p.h5", 100) as pack:
        pack.add("a.jpg", b"1234")
        pack.add("empty.jpg", b"")
    source = PictureSource(tmp_path, tmp_path / "p.h5")
    assert (source.bytes("a.jpg"), source.bytes("empty.jpg")) == (b"1234", b"")
    with open_pack(tmp_path / "none.h5", 0):
        pass
    with pytest.raises(InputError, match="holds no a.jpg"):
        PictureSource(tmp_path, tmp_path / "none.h5").bytes("a.jpg")


def test_a_palette_picture_of_labels_is_a_mask(tree: Path) -> None:
    labels = Image.new("P", (64, 128), 3)
    labels.putpalette([0, 0, 0, 9, 9, 9, 200, 0, 0, 0, 200, 0])
    target = tree / mask_path("query/a.jpg")
    target.parent.mkdir(parents=True)
    labels.save(target)
    assert set(PictureSource(tree).read_mask("query/a.jpg").tobytes()) == {3}
