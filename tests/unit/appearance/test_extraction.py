"""Extraction in shards: what is on disk is not computed again, and the result is the same."""

from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import write_picture

from streid.appearance import extraction
from streid.appearance.extraction import Extractor
from streid.appearance.models import ModelConfig, build_model
from streid.artifacts import Sightings
from streid.errors import InputError

CONFIG = ModelConfig(architecture="baseline", backbone="resnet18", identities=2, height=64, width=32)


@pytest.fixture
def sightings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sightings:
    monkeypatch.setattr(extraction, "SHARD_PICTURES", 3)
    for number in range(7):
        write_picture(tmp_path / f"{number}.jpg", seed=number)
    rows = np.arange(7)
    paths = np.array([f"{row}.jpg" for row in rows], object)
    return Sightings(pid_N=rows, camid_N=rows, session_N=rows, time_N=rows, path_N=paths)


def make_extractor(root: Path, fingerprint: str = "f", workers: int = 0) -> Extractor:
    torch.manual_seed(0)
    return Extractor(
        build_model(CONFIG),
        CONFIG,
        root=root,
        work=root / "work",
        fingerprint=fingerprint,
        device=torch.device("cpu"),
        batch_size=2,
        dtype="float32",
        precision=torch.float32,
        workers=workers,
    )


def test_interrupted_extraction_resumes_from_its_shards(tmp_path: Path, sightings: Sightings) -> None:
    extractor = make_extractor(tmp_path)
    whole = np.concatenate(list(extractor.extract("query", sightings)))
    assert whole.shape == (7, 512)
    np.testing.assert_allclose(np.linalg.norm(whole, axis=1), 1, rtol=1e-6)
    extractor.finish()
    assert not (tmp_path / "work").exists()

    interrupted = make_extractor(tmp_path).extract("query", sightings)
    next(interrupted)
    interrupted.close()
    shard = tmp_path / "work" / "query-00000.npy"
    written = shard.stat().st_mtime_ns
    (tmp_path / "work" / "query-00001.npy").write_bytes(b"\x93NUMPY cut off")
    (tmp_path / "0.jpg").unlink()
    resumed = np.concatenate(list(make_extractor(tmp_path, workers=1).extract("query", sightings)))
    np.testing.assert_array_equal(resumed, whole)
    assert shard.stat().st_mtime_ns == written


def test_a_folder_with_other_files_is_refused_and_kept(tmp_path: Path, sightings: Sightings) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "mine.txt").write_text("precious")
    with pytest.raises(InputError, match="no unfinished extraction"):
        make_extractor(tmp_path)
    assert (tmp_path / "work" / "mine.txt").read_text() == "precious"


def test_shards_of_another_run_are_removed(tmp_path: Path, sightings: Sightings) -> None:
    list(make_extractor(tmp_path).extract("query", sightings))
    make_extractor(tmp_path, fingerprint="g")
    assert [path.name for path in (tmp_path / "work").iterdir()] == ["fingerprint.json"]
