"""Pictures and masks from a tree and from a pack: the same ones, and what is missing or unreadable is named."""

import multiprocessing
import pickle
from pathlib import Path

import numpy as np
import pytest
from conftest import write_picture
from PIL import Image

from streid.data.picture_paths import mask_path
from streid.data.picture_source import PictureSource
from streid.errors import InputError
from streid.files.picture_pack import create_pack, write_empty_pack

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


def pack(tree: Path, target: Path) -> Path:
    contents = {name: (tree / name).read_bytes() for name in [*NAMES, mask_path("train/c.jpg")]}
    with create_pack(target, sum(map(len, contents.values()))) as writer:
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


def test_the_tree_is_read_where_the_pack_is_empty(tree: Path, tmp_path: Path) -> None:
    write_empty_pack(tmp_path / "pictures.h5")
    source = PictureSource(tree, tmp_path / "pictures.h5")
    assert source.bytes(NAMES[0]) == (tree / NAMES[0]).read_bytes()
    with pytest.raises(InputError, match=r"tree/none\.jpg: no such picture"):
        source.read("none.jpg")
    with pytest.raises(InputError, match=r"pictures\.h5: holds no pictures; give --root, the data set's folder"):
        PictureSource(None, tmp_path / "pictures.h5")


def test_a_pack_does_without_a_tree(packed: Path, tree: Path) -> None:
    assert PictureSource(None, packed).bytes(NAMES[0]) == (tree / NAMES[0]).read_bytes()


def test_processes_share_a_source(tree: Path, packed: Path) -> None:
    source = PictureSource(tree, packed)
    expected = {name: source.bytes(name) for name in NAMES}
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map(source.bytes, NAMES * 5) == [expected[name] for name in NAMES * 5]
    assert pickle.loads(pickle.dumps(source)).bytes(NAMES[0]) == expected[NAMES[0]]


def test_missing_pictures_are_named(tree: Path, packed: Path) -> None:
    with pytest.raises(InputError, match=r"tree/query/c\.jpg: no such picture; run prepare_dataset again"):
        PictureSource(tree).read("query/c.jpg")
    with pytest.raises(InputError, match=r"pictures\.h5: does not hold query/c\.jpg; run prepare_dataset again"):
        PictureSource(tree, packed).read("query/c.jpg")
    with pytest.raises(InputError, match=r"masks/query/a\.png: no such picture"):
        PictureSource(tree).read_mask("query/a.jpg")


def test_unreadable_pictures_and_masks_are_named(tree: Path, tmp_path: Path) -> None:
    (tree / NAMES[0]).write_bytes(b"no picture")
    Image.new("RGB", (64, 128)).save(tree / mask_path("train/c.jpg"))
    for source in (PictureSource(tree), PictureSource(tree, pack(tree, tmp_path / "pictures.h5"))):
        with pytest.raises(InputError, match=r"query/b\.jpg: unreadable picture"):
            source.read(NAMES[0])
        with pytest.raises(InputError, match=r"masks/train/c\.png: unreadable part mask \(mode RGB"):
            source.read_mask("train/c.jpg")


def test_a_palette_picture_of_labels_is_a_mask(tree: Path) -> None:
    labels = Image.new("P", (64, 128), 3)
    labels.putpalette([0, 0, 0, 9, 9, 9, 200, 0, 0, 0, 200, 0])
    target = tree / mask_path("query/a.jpg")
    target.parent.mkdir(parents=True)
    labels.save(target)
    assert set(PictureSource(tree).read_mask("query/a.jpg").tobytes()) == {3}


@pytest.mark.parametrize("path", ["../private.jpg", "query/../../private.jpg", "{}/private.jpg"])
def test_nothing_outside_the_root_is_opened_whatever_a_file_says(tree: Path, path: str) -> None:
    """As a path of a manifest, features.h5 or inspection.h5, and as that of a picture whose mask is asked for."""
    path = path.format(tree.parent)
    write_picture(tree.parent / "private.jpg", seed=9)
    source = PictureSource(tree)
    for read in (source.read, source.bytes, source.read_mask):
        with pytest.raises(InputError, match=r"a picture's path must be relative and without '\.\.'"):
            read(path)
    assert PictureSource(Path(), confined=False).read(str(tree.parent / "private.jpg")).size == (64, 128)


def test_links_inside_the_root_are_followed(tree: Path, tmp_path: Path) -> None:
    write_picture(tmp_path / "nas" / "d.jpg", seed=9)
    (tree / "cam9").symlink_to(tmp_path / "nas")
    assert PictureSource(tree).bytes("cam9/d.jpg") == (tmp_path / "nas" / "d.jpg").read_bytes()
