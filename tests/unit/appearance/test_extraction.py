"""Extraction in chunks and shards: what is on disk is not computed again, and the result is the same."""

import errno
import os
from collections.abc import Mapping
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from conftest import write_picture
from unit.appearance.tiny import TinyModel

from streid.appearance import extraction
from streid.appearance.extraction import Chunk, Extractor, cut_chunks, remove_chunks
from streid.appearance.inference import Inference
from streid.appearance.models import ModelConfig
from streid.data.picture_source import PictureSource
from streid.data.units import Units
from streid.errors import InputError
from streid.files import feature_shards as shards_module
from streid.files.feature_shards import ShardHeader, merge_shards, write_shard
from streid.files.features import write_features
from streid.files.sightings import Sightings

CONFIG = ModelConfig(architecture="baseline", backbone="resnet18", identities=2, height=64, width=32)
HEADER = {"dataset": "d", "model": "m", "unit": "tracklet", "weights": "ab", "dimension": 8, "dtype": "float32"}


def units(root: Path, prefix: str, lengths: list[int]) -> Units:
    """Units of so many pictures each."""
    rows = np.arange(len(lengths))
    paths = [tuple(f"{prefix}{row}-{frame}.jpg" for frame in range(length)) for row, length in enumerate(lengths)]
    for seed, path in enumerate(path for one in paths for path in one):
        write_picture(root / path, seed=seed + ord(prefix))
    first = np.array([one[0] for one in paths], object)
    return Units(sightings=Sightings(pid_N=rows, camid_N=rows, session_N=rows, time_N=rows, path_N=first), paths=paths)


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Units]:
    monkeypatch.setattr(extraction, "CHUNK_PICTURES", 3)
    return {"query": units(tmp_path, "q", [1, 1, 1, 2, 2, 1, 1]), "gallery": units(tmp_path, "g", [1, 1, 1, 1, 1])}


def make_extractor(root: Path, fingerprint: str = "f", *, workers: int = 0, work: str = "work") -> Extractor:
    torch.manual_seed(0)
    inference = Inference(
        config=CONFIG, source=PictureSource(root), device=torch.device("cpu"), batch_size=2, workers=workers
    )
    return Extractor(TinyModel(), inference, work=root / work, fingerprint=fingerprint, dtype="float32")


def extract(extractor: Extractor, groups: Mapping[str, Units], group: str = "query") -> np.ndarray:
    chunks = cut_chunks(groups)
    extractor.extract(groups, chunks)
    return np.concatenate(list(extractor.blocks(chunks, group)))


def test_chunks_hold_about_as_many_pictures(groups: Mapping[str, Units]) -> None:
    assert cut_chunks(groups) == [
        Chunk(0, "gallery", 0, 3),
        Chunk(1, "gallery", 3, 5),
        Chunk(2, "query", 0, 3),
        Chunk(3, "query", 3, 5),
        Chunk(4, "query", 5, 7),
    ]


def test_interrupted_extraction_resumes_from_its_chunks(tmp_path: Path, groups: Mapping[str, Units]) -> None:
    extractor = make_extractor(tmp_path)
    whole = extract(extractor, groups)
    assert whole.shape == (7, 8)
    np.testing.assert_allclose(np.linalg.norm(whole, axis=1), 1, rtol=1e-6)
    remove_chunks(tmp_path / "work")
    assert not (tmp_path / "work").exists()

    make_extractor(tmp_path).extract(groups, cut_chunks(groups)[:3])
    chunk = tmp_path / "work" / "query-00002.npy"
    written = chunk.stat().st_mtime_ns
    (tmp_path / "work" / "query-00003.npy").write_bytes(b"\x93NUMPY cut off")
    (tmp_path / "q0-0.jpg").unlink()
    np.testing.assert_array_equal(extract(make_extractor(tmp_path, workers=1), groups), whole)
    assert chunk.stat().st_mtime_ns == written


def test_a_folder_with_other_files_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "mine.txt").write_text("precious")
    with pytest.raises(InputError, match="no unfinished extraction"):
        make_extractor(tmp_path)
    assert (tmp_path / "work" / "mine.txt").read_text() == "precious"


def test_chunks_of_another_run_are_removed(tmp_path: Path, groups: Mapping[str, Units]) -> None:
    extract(make_extractor(tmp_path), groups)
    make_extractor(tmp_path, fingerprint="g")
    assert [path.name for path in (tmp_path / "work").iterdir()] == ["fingerprint.json"]


def test_chunks_of_another_number_of_threads_are_kept_and_the_log_says_so(
    tmp_path: Path, groups: Mapping[str, Units], caplog: pytest.LogCaptureFixture
) -> None:
    extract(make_extractor(tmp_path), groups)
    before, threads = sorted((tmp_path / "work").iterdir()), torch.get_num_threads()
    try:
        torch.set_num_threads(threads + 1)
        make_extractor(tmp_path)
    finally:
        torch.set_num_threads(threads)
    assert sorted((tmp_path / "work").iterdir()) == before
    assert f"computed with {threads} threads, the others are with {threads + 1}" in caplog.text


def test_a_kill_while_chunks_are_removed_blocks_nobody(
    tmp_path: Path, groups: Mapping[str, Units], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, unlink = extract(make_extractor(tmp_path), groups), Path.unlink

    def killed(path: Path, missing_ok: bool = False) -> None:
        if path.name == "query-00003.npy":
            raise KeyboardInterrupt
        unlink(path, missing_ok=missing_ok)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Path, "unlink", killed)
        remove_chunks(tmp_path / "work")
    left = ["fingerprint.json", "query-00003.npy", "query-00004.npy"]
    assert sorted(path.name for path in (tmp_path / "work").iterdir()) == left
    np.testing.assert_array_equal(extract(make_extractor(tmp_path), groups), whole)


def test_chunks_without_a_fingerprint_are_removed_and_other_files_stay(
    tmp_path: Path, groups: Mapping[str, Units]
) -> None:
    work = tmp_path / "work"
    extract(make_extractor(tmp_path), groups)
    (work / "fingerprint.json").unlink()
    (work / ".query-00003.npy.partial").write_bytes(b"")
    make_extractor(tmp_path)
    assert [path.name for path in work.iterdir()] == ["fingerprint.json"]
    (work / "mine.txt").write_text("precious")
    remove_chunks(work)
    assert [path.name for path in work.iterdir()] == ["mine.txt"]
    remove_chunks(tmp_path / "none")


@pytest.mark.parametrize("shards", [2, 3, 7])
def test_merged_shards_are_the_file_of_one_job(tmp_path: Path, groups: Mapping[str, Units], shards: int) -> None:
    extractor, chunks = make_extractor(tmp_path, work="whole"), cut_chunks(groups)
    extractor.extract(groups, chunks)
    whole = {name: (one.sightings, extractor.blocks(chunks, name)) for name, one in groups.items()}
    write_features(tmp_path / "whole.h5", groups=whole, **HEADER)  # type: ignore[arg-type]
    paths = [make_shard(tmp_path, groups, shard, shards) for shard in range(1, shards + 1)]
    merge_shards(paths[::-1], tmp_path / "merged.h5")
    assert (tmp_path / "merged.h5").read_bytes() == (tmp_path / "whole.h5").read_bytes()
    with h5py.File(tmp_path / "merged.h5") as file:
        assert file.attrs["unit"] == "tracklet"
        assert file["query"]["pid"][:].tolist() == list(range(7))


def make_shard(root: Path, groups: Mapping[str, Units], shard: int, shards: int, run: str = "r") -> Path:
    extractor, chunks = make_extractor(root, work=f"work{shard}"), cut_chunks(groups)[shard - 1 :: shards]
    extractor.extract(groups, chunks)
    path = root / f"{shard}-of-{shards}.h5"
    header = ShardHeader(run=run, shard=shard, shards=shards, **HEADER)  # type: ignore[arg-type]
    write_shard(path, header, extractor.shard(groups, chunks))
    return path


def test_shards_that_do_not_belong_together_are_refused(tmp_path: Path, groups: Mapping[str, Units]) -> None:
    one, two = make_shard(tmp_path, groups, 1, 2), make_shard(tmp_path, groups, 2, 2)
    output = tmp_path / "merged.h5"
    with pytest.raises(InputError, match="numbers 1 of 2; every one is needed"):
        merge_shards([one], output)
    with pytest.raises(InputError, match="numbers 1, 1 of 2"):
        merge_shards([one, one], output)
    with pytest.raises(InputError, match="no such file"):
        merge_shards([one, tmp_path / "none.h5"], output)
    make_shard(tmp_path, groups, 2, 2, run="other")
    with pytest.raises(InputError, match=r"2-of-2\.h5: belongs to another run than"):
        merge_shards([one, two], output)
    two.write_bytes(one.read_bytes())
    with h5py.File(two, "r+") as file:
        file.attrs["shard"] = 2
    with pytest.raises(InputError, match="rows of group gallery do not make a whole"):
        merge_shards([one, two], output)
    assert not output.exists()


@pytest.mark.parametrize("damage", ["features", "pid", "row", "dimension", "group", "attribute"])
@pytest.mark.parametrize("shard", [1, 2, 3])
def test_the_damaged_shard_is_the_one_named(
    tmp_path: Path, groups: Mapping[str, Units], damage: str, shard: int
) -> None:
    paths = [make_shard(tmp_path, groups, number, 3) for number in (1, 2, 3)]
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
        ("shard", 1.0, "the attribute shard is"),
        ("shards", "2", "the attribute shards is '2'"),
        ("dimension", 0, "features of 0 x float32 cannot be"),
        ("dtype", "object", "x object cannot be"),
        ("dimension", 10**12, "another shape than the shard says"),
        ("model", [1, 2], "the attribute model is"),
    ],
)
def test_a_shard_whose_header_cannot_be_is_refused(
    tmp_path: Path, groups: Mapping[str, Units], name: str, value: object, message: str
) -> None:
    path = make_shard(tmp_path, groups, 1, 1)
    with h5py.File(path, "r+") as file:
        file.attrs[name] = value
    with pytest.raises(InputError, match=message):
        merge_shards([path], tmp_path / "merged.h5")
    assert not (tmp_path / "merged.h5").exists()


def test_what_goes_wrong_with_the_output_is_no_shards_fault(
    tmp_path: Path, groups: Mapping[str, Units], monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [make_shard(tmp_path, groups, number, 2) for number in (1, 2)]

    def full(*arguments: object, **others: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(shards_module, "write_features", full)
    with pytest.raises(OSError, match="No space left"):
        merge_shards(paths, tmp_path / "merged.h5")
