"""What the stages read whose memory is measured: random pictures, manifests and features.

Shape suffixes: N pictures, D feature values.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from streid.arrays import FeatureArray
from streid.data.manifest import COLUMNS, read_manifest, sightings
from streid.files.feature_shards import ShardGroup, ShardHeader, write_shard
from streid.files.features import read_features
from streid.files.features import write_features as write_feature_file
from streid.files.sightings import Sightings

CAMERAS = 6
PICTURES_OF_ONE = 12  # two before each camera
BLOCK_ROWS = 1024
SPLITS = ("train", "train", "val", "query+gallery")


def write_pictures(root: Path, pictures: int) -> Path:
    """JPEG files of 64 x 128 pixels under `root` and a manifest of them: half to train on, a quarter held out."""
    rng = np.random.default_rng(0)
    lines = [",".join(COLUMNS)]
    for row in range(pictures):
        person, place = divmod(row, PICTURES_OF_ONE)
        camera = place % CAMERAS + 1
        split = SPLITS[person % len(SPLITS)]
        if split == "query+gallery":
            split = "query" if place < CAMERAS // 2 else "gallery"
        path = root / split / f"{row:06d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        coarse = Image.fromarray(rng.integers(0, 256, (12, 6, 3), np.uint8))
        coarse.resize((64, 128)).save(path, quality=85)
        time = 40 * person + 100 * camera + int(rng.integers(60)) + place
        lines.append(f"{split}/{row:06d}.jpg,{split},{person + 1},{camera},0,{time},{row}")
    source = root / "manifest.csv"
    source.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return source


def write_manifest(path: Path, rows: int, cameras: int) -> Path:
    """A manifest of training pictures that do not exist: forty pictures of each person, at five cameras."""
    rng = np.random.default_rng(0)
    person_N, place_N = np.divmod(np.arange(rows), 40)
    camera_N = (7 * person_N + place_N % 5) % cameras + 1
    time_N = 20 * person_N + 90 * (place_N % 5) + rng.integers(0, 60, rows)
    with path.open("w", encoding="utf-8") as handle:
        handle.write(",".join(COLUMNS) + "\n")
        for row, (person, camera, time) in enumerate(zip(person_N, camera_N, time_N, strict=True)):
            handle.write(f"{row:07d}.jpg,train,{person + 1},{camera},0,{time},\n")
    return path


def write_features(path: Path, manifest: Path, values: int) -> dict[str, int]:
    """Random features of a prepared manifest's pictures; returns how many there are of query, gallery and val."""
    table = read_manifest(manifest)
    groups = {name: sightings(table[table["split"] == name]) for name in ("query", "gallery", "val")}
    rng = np.random.default_rng(0)
    people = rng.standard_normal((int(table["pid"].max()) + 1, values), np.float32)

    def blocks(group: Sightings) -> Iterator[FeatureArray]:
        for start in range(0, len(group), BLOCK_ROWS):
            centres_ND = people[group.pid_N[start : start + BLOCK_ROWS]]
            yield centres_ND + rng.standard_normal(centres_ND.shape, np.float32)

    written = {name: (group, blocks(group)) for name, group in groups.items()}
    write_feature_file(path, dataset="m", model="m", dimension=values, groups=written)
    return {name: len(group) for name, group in groups.items()}


def write_shards(folder: Path, features: Path) -> list[Path]:
    """The features of a file in two shards, every second row in each."""
    whole = read_features(features, ("query", "gallery", "val"))
    values = whole.groups["query"].features_ND.shape[1]
    paths = []
    for shard in (1, 2):
        groups = {}
        for name, group in whole.groups.items():
            rows_N = np.arange(shard - 1, len(group.sightings), 2)
            groups[name] = ShardGroup(
                rows_N=rows_N, sightings=group.sightings.take(rows_N), blocks=[group.features_ND[rows_N]]
            )
        header = ShardHeader(
            dataset="m", model="m", unit="picture", weights="0" * 64, run="0", shard=shard, shards=2, dimension=values,
            dtype="float32",
        )  # fmt: skip
        paths.append(folder / f"{shard}-of-2.h5")
        write_shard(paths[-1], header, groups)
    return paths
