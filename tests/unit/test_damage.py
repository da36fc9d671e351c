"""Truncated and bit-flipped files: refused by the reader that names them, or the change cannot matter."""

import dataclasses
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from dataset_trees import write_mars
from rankings_by_hand import two_queries

from streid.appearance.checkpoints import read_checkpoint, save_checkpoint
from streid.appearance.models import ModelConfig, build_model, load_model, save_model
from streid.data.manifest import DIGEST_KEY, read_prepared, write_manifest
from streid.data.mars import load_mars
from streid.data.picture_source import PictureSource
from streid.errors import InputError
from streid.files.atomic import write_text
from streid.files.checksums import digest_file
from streid.files.feature_shards import ShardGroup, ShardHeader, merge_shards, write_shard
from streid.files.features import read_features, write_features
from streid.files.histograms import Histograms, neutral_likelihood, read_histograms, write_histograms
from streid.files.json_files import json_text_with_checksum, read_json
from streid.files.picture_pack import create_pack
from streid.files.rankings import read_rankings, write_rankings
from streid.files.sightings import Sightings

FLIPS, CUTS = 150, 30
PICTURES = {"query/a.jpg": b"first" * 60, "query/b.jpg": b"second" * 60}
ROWS = np.arange(6, dtype=np.int64)
SIGHTINGS = Sightings(
    pid_N=ROWS + 1,
    camid_N=ROWS % 3,
    session_N=ROWS * 0,
    time_N=ROWS * 100,
    path_N=np.array([f"{n}.jpg" for n in ROWS], object),
)
SUMMARY = {"dataset": "tiny", "unit": "picture", "counts": {"train": 6}, "share": 0.1}
FEATURES_ND = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)


def store_features(path: Path) -> None:
    groups = {name: (SIGHTINGS, [FEATURES_ND]) for name in ("query", "gallery")}
    write_features(path, dataset="tiny", model="pcb", dimension=4, groups=groups)


def write_tables(path: Path) -> None:
    counts_CCB = np.random.default_rng(0).integers(0, 9, (2, 2, 30))
    tables = Histograms(
        cameras_C=np.array([1, 2]),
        counts_CCB=counts_CCB,
        density_CCB=counts_CCB / 9,
        bin_width=100.0,
        sigma=5.0,
        identities=4,
        sessions=1,
        likelihood=neutral_likelihood(np.array([1, 2])),
    )
    write_histograms(path, tables)


def write_scores(path: Path) -> None:
    ranking = two_queries()
    write_rankings(path, dataset="tiny", model="pcb", streams={"joint": ranking, "visual": ranking})


def write_one_shard(path: Path) -> None:
    header = ShardHeader(
        dataset="tiny",
        model="pcb",
        weights="w",
        unit="picture",
        run="r",
        shard=1,
        shards=1,
        dimension=4,
        dtype="float32",
    )
    write_shard(path, header, {"query": ShardGroup(rows_N=ROWS, sightings=SIGHTINGS, blocks=[FEATURES_ND])})


def read_one_shard(path: Path) -> object:
    whole = path.with_name("whole.h5")
    merge_shards([path], whole)
    return read_features(whole, ("query",))


def write_pack(path: Path) -> None:
    with create_pack(path, sum(map(len, PICTURES.values()))) as pack:
        for name, content in PICTURES.items():
            pack.add(name, content)


def read_pack(path: Path) -> object:
    source = PictureSource(path.parent, path)
    return {name: source.bytes(name) for name in PICTURES}


def write_prepared(path: Path) -> None:
    """manifest.csv at the path and dataset.json beside it."""
    table = pd.DataFrame({"path": [f"{n}.jpg" for n in ROWS], "split": "train", "pid": ROWS + 1, "camid": ROWS % 3})
    write_manifest(path, table.assign(session=0, time=ROWS * 100, tracklet=-1))
    content = {"dataset": "tiny", "unit": "picture", DIGEST_KEY: digest_file(path), "counts": {"train": 6}}
    write_text(path.with_name("dataset.json"), json_text_with_checksum(content, "dataset.json"))


def read_summary(path: Path) -> object:
    content = read_json(path)
    return {key: content[key] for key in SUMMARY}


def write_summary(path: Path) -> None:
    write_text(path, json_text_with_checksum(SUMMARY, path))


def write_checkpoint(path: Path) -> None:
    save_checkpoint(path, {"fingerprint": "made", "model": {"weight": torch.arange(6.0)}, "position": {"step": 3}})


FILES: dict[str, tuple[Callable[[Path], None], Callable[[Path], object]]] = {
    "features.h5": (store_features, read_features),
    "histograms.h5": (write_tables, read_histograms),
    "scores.h5": (write_scores, read_rankings),
    "shard.h5": (write_one_shard, read_one_shard),
    "pictures.h5": (write_pack, read_pack),
    "manifest.csv": (write_prepared, lambda path: read_prepared(path, path.with_name("dataset.json"))[0]),
    "dataset.json": (write_summary, read_summary),
    "checkpoint.pt": (write_checkpoint, read_checkpoint),
}


def plain(value: Any) -> Any:
    """Something read, as values that compare by content."""
    if dataclasses.is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, pd.DataFrame):
        return value.to_csv()
    if isinstance(value, torch.Tensor):
        value = value.numpy()
    if isinstance(value, np.ndarray):
        return value.shape, str(value.dtype), value.tolist() if value.dtype == object else value.tobytes()
    return value


def written(name: str, folder: Path) -> tuple[Callable[[Path], object], Path, bytes, Any]:
    """One of FILES, made in a folder: its reader, path and bytes, and what is read from it."""
    write, read = FILES[name]
    path = folder / name
    write(path)
    return read, path, path.read_bytes(), plain(read(path))


def read_or_refuse(read: Callable[[Path], object], path: Path, whole: Any, content: bytes) -> bool:
    """Whether a changed file is refused by its name; if it is not, what is read must be the whole."""
    path.unlink()
    path.write_bytes(content)
    try:
        found = read(path)
    except InputError as error:
        assert str(path) in str(error)
        return True
    assert plain(found) == whole
    return False


@pytest.mark.parametrize("name", sorted(FILES))
def test_flipped_bits_are_refused_or_do_not_matter(tmp_path: Path, name: str) -> None:
    read, path, content, whole = written(name, tmp_path)
    draw = random.Random(name)
    refused = 0
    for place in draw.sample(range(8 * len(content)), min(FLIPS, 8 * len(content))):
        flipped = bytearray(content)
        flipped[place // 8] ^= 1 << place % 8
        refused += read_or_refuse(read, path, whole, bytes(flipped))
    assert refused > 0.9 * FLIPS


@pytest.mark.parametrize("name", sorted(FILES))
def test_cut_and_zeroed_files_are_refused(tmp_path: Path, name: str) -> None:
    read, path, content, whole = written(name, tmp_path)
    draw = random.Random(name)
    for length in [0, *(draw.randrange(len(content) - 64) for _ in range(CUTS))]:
        assert read_or_refuse(read, path, whole, content[:length])
        # It may be that nothing but zeros was lost.
        read_or_refuse(read, path, whole, content[:length] + bytes(len(content) - length))


def test_flipped_weights_of_a_model_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    config = ModelConfig(architecture="baseline", backbone="resnet18", identities=3, height=64, width=32)
    save_model(path, build_model(config), config)
    model, read = load_model(path)
    assert read == config
    content = bytearray(path.read_bytes())
    draw = random.Random(0)
    header = 8 + int.from_bytes(content[:8], "little")
    parts = ((0, 8 * header, 12), (8 * header, 8 * len(content), 4))
    for place in [draw.randrange(first, last) for first, last, count in parts for _ in range(count)]:
        content[place // 8] ^= 1 << place % 8
        path.write_bytes(content)
        try:
            changed, _ = load_model(path)
        except InputError as error:
            assert str(path) in str(error)
        else:
            state = model.state_dict()
            assert all(value.equal(state[name]) for name, value in changed.state_dict().items())
        content[place // 8] ^= 1 << place % 8
    path.write_bytes(content[:-100])
    with pytest.raises(InputError, match="damaged model"):
        load_model(path)


def test_a_flipped_table_of_mars_never_ends_the_process(tmp_path: Path) -> None:
    """Such files come from others without a checksum: numbers may differ, but reading ends in a line or a table."""
    path = write_mars(tmp_path) / "info" / "tracks_train_info.mat"
    content = path.read_bytes()
    draw = random.Random(4)
    for place in draw.sample(range(8 * len(content)), 8):
        flipped = bytearray(content)
        flipped[place // 8] ^= 1 << place % 8
        path.write_bytes(flipped)
        try:
            load_mars(tmp_path)
        except InputError as error:
            assert str(path.parent) in str(error)
