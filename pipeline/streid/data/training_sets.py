"""The training pictures of one prepared data set, or of several together.

Of several sets, identities, cameras and sessions are kept apart: those of each set get numbers of their own. A set's
held-out identities stay held out, and validate together with those of the others.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from streid.data.manifest import read_prepared
from streid.data.picture_source import PictureSource
from streid.data.units import Units, choose_unit, make_units
from streid.errors import InputError
from streid.files.sightings import concatenate_sightings


@dataclass(frozen=True, kw_only=True)
class PreparedSet:
    """Where a prepared data set is: its manifest.csv, dataset.json and folder, and pictures.h5 where there is one."""

    manifest: Path
    summary: Path
    root: Path
    packed: Path | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainingPictures:
    """What a model learns from and is validated on.

    datasets: the data sets' names. units, held_out: training units and held-out ones. source: what reads their paths.
    masks: whether every picture has a part mask.
    """

    datasets: tuple[str, ...]
    units: Units
    held_out: Units
    source: PictureSource
    masks: bool


class JoinedSource(PictureSource):
    """The pictures of several data sets; a path starts with the number of its set, from 0, and `/`."""

    def __init__(self, sources: Sequence[PictureSource]) -> None:
        self._sources = sources

    def read(self, path: str) -> Image.Image:
        """One picture, as of its own set."""
        source, own = self._find(path)
        return source.read(own)

    def read_mask(self, path: str) -> Image.Image:
        """A picture's part mask, as of its own set."""
        source, own = self._find(path)
        return source.read_mask(own)

    def bytes(self, path: str) -> bytes:
        """A file's bytes, as of its own set."""
        source, own = self._find(path)
        return source.bytes(own)

    def _find(self, path: str) -> tuple[PictureSource, str]:
        number, _, own = path.partition("/")
        return self._sources[int(number)], own


def pair_up(
    manifests: Sequence[Path], summaries: Sequence[Path], roots: Sequence[Path], packs: Sequence[Path]
) -> list[PreparedSet]:
    """The data sets of the flags --manifest, --summary, --root and --packed, each with one value for each set.

    Raises:
        InputError: a flag has another number of values (--packed may have none), or a manifest is given twice.
    """
    for flag, values in (("summary", summaries), ("root", roots), ("packed", packs)):
        if len(values) != len(manifests) and not (flag == "packed" and not values):
            raise InputError(
                f"--manifest names {len(manifests)} data sets, --{flag} {len(values)}; give one for each, in one order"
            )
    for manifest in manifests:
        if [one.resolve() for one in manifests].count(manifest.resolve()) > 1:
            raise InputError(f"{manifest}: is given twice; name each data set once")
    places: Iterable[Path | None] = packs or [None] * len(manifests)
    rows = zip(manifests, summaries, roots, places, strict=True)
    return [PreparedSet(manifest=one, summary=two, root=root, packed=packed) for one, two, root, packed in rows]


def read_training(sets: Sequence[PreparedSet], frames: int) -> TrainingPictures:
    """Read the data sets that a model of so many frames is trained on.

    Raises:
        InputError: a file is missing or damaged, or one of several sets has no training pictures.
    """
    found = [_read_set(one, frames) for one in sets]
    if len(found) == 1:
        return found[0]
    for one, pictures in zip(sets, found, strict=True):
        if not len(pictures.units):
            raise InputError(f"{one.manifest}: has no training pictures (split train); leave the data set out")
    return TrainingPictures(
        datasets=tuple(name for one in found for name in one.datasets),
        units=join_units([one.units for one in found]),
        held_out=join_units([one.held_out for one in found]),
        source=JoinedSource([one.source for one in found]),
        masks=all(one.masks for one in found),
    )


def join_units(parts: Sequence[Units]) -> Units:
    """The units of several data sets, set after set.

    Of `count` sets, identity p, camera and session of set `number` (from 0) become p x count + number, and paths start
    with the set's number, as `JoinedSource` reads them.
    """
    joined = []
    for number, part in enumerate(parts):
        seen = part.sightings
        values = {name: getattr(seen, name) * len(parts) + number for name in ("pid_N", "camid_N", "session_N")}
        joined.append(replace(seen, **values, path_N=np.array([f"{number}/{path}" for path in seen.path_N], object)))
    paths = [tuple(f"{number}/{path}" for path in unit) for number, part in enumerate(parts) for unit in part.paths]
    return Units(sightings=concatenate_sightings(joined), paths=paths)


def _read_set(one: PreparedSet, frames: int) -> TrainingPictures:
    table, summary = read_prepared(one.manifest, one.summary)
    unit = choose_unit("auto", summary.get("unit"), frames)
    return TrainingPictures(
        datasets=(str(summary.get("dataset", "")),),
        units=make_units(table[table["split"] == "train"], "picture" if frames == 1 else "tracklet"),
        held_out=make_units(table[table["split"] == "val"], unit),
        source=PictureSource(one.root, one.packed),
        masks=bool(summary.get("masks")),
    )
