"""Extraction in chunks and shards: what is on disk is not computed again, and the result is the same."""

from collections.abc import Iterator, Mapping, Sequence
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
from streid.files.feature_shards import ShardHeader, merge_shards, write_shard
from streid.files.features import write_features
from streid.files.sightings import Sightings

CONFIG = ModelConfig(architecture="baseline", backbone="resnet18", identities=2, height=64, width=32)
HEADER = {
    "dataset": "d",
    "model": "m",
    "unit": "tracklet",
    "weights": "ab",
    "network": "{}",
    "dimension": 8,
    "dtype": "float32",
}


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


class TinyFeatures:
    """A tiny model's features, as `FeatureModel` describes them."""

    feature_length = 8

    def __init__(self, inference: Inference) -> None:
        self._model, self._inference = TinyModel().to(memory_format=torch.channels_last), inference

    def features(
        self, chunks: Sequence[Sequence[tuple[str, ...]]], camids: Sequence[Sequence[int]] | None = None
    ) -> Iterator[np.ndarray]:
        return self._inference.features(self._model, chunks, camids)


def make_extractor(
    root: Path,
    fingerprint: str = "f",
    *,
    workers: int = 0,
    work: str = "work",
    circumstances: Mapping[str, str] | None = None,
) -> Extractor:
    torch.manual_seed(0)
    inference = Inference(
        config=CONFIG, source=PictureSource(root), device=torch.device("cpu"), batch_size=2, workers=workers
    )
    return Extractor(
        TinyFeatures(inference),
        work=root / work,
        fingerprint=fingerprint,
        dtype="float32",
        circumstances=circumstances,
    )


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
    extract(make_extractor(tmp_path, circumstances={"threads": "4"}), groups)
    before = sorted((tmp_path / "work").iterdir())
    make_extractor(tmp_path, circumstances={"threads": "2"})
    assert sorted((tmp_path / "work").iterdir()) == before
    assert "resuming with threads 2 instead of 4: the result may differ in its last bits" in caplog.text


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
