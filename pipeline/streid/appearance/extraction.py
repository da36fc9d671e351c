"""Features of a data set's units, computed chunk by chunk; finished chunks survive an interruption.

Shape suffixes: U units of a chunk, D feature values.
"""

import contextlib
import io
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from streid.appearance.feature_model import FeatureModel
from streid.appearance.progress import progress_bar
from streid.data.units import Units
from streid.errors import InputError, refused_by_system
from streid.files.atomic import atomic_output
from streid.files.checksums import append_checksum, read_verified
from streid.files.feature_shards import ShardGroup
from streid.files.json_files import read_json, write_json
from streid.stage.circumstances import Circumstances, warn_of_change

logger = logging.getLogger(__name__)

CHUNK_PICTURES = 1024
MARKER = "fingerprint.json"
CHUNK_NAME = r"(val|query|gallery)-\d{5,}\.npy"
OWN_NAME = re.compile(rf"{CHUNK_NAME}|\.({CHUNK_NAME}|{re.escape(MARKER)})\.(partial|lock)")

Features = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Chunk:
    """Consecutive units of a group, from row start to stop; number counts the chunks of all groups."""

    number: int
    group: str
    start: int
    stop: int


def cut_chunks(groups: Mapping[str, Units]) -> list[Chunk]:
    """Cut every group into chunks of about `CHUNK_PICTURES` pictures, in the groups' sorted order."""
    chunks: list[Chunk] = []
    for name in sorted(groups):
        start, pictures = 0, 0
        for row, paths in enumerate(groups[name].paths):
            pictures += len(paths)
            if pictures >= CHUNK_PICTURES or row == len(groups[name]) - 1:
                chunks.append(Chunk(len(chunks), name, start, row + 1))
                start, pictures = row + 1, 0
    return chunks


def remove_chunks(work: Path) -> None:
    """Remove an extraction's chunks from its work folder, and the folder if nothing else is in it.

    The fingerprint goes last: after a kill in between the rest is still known to be of an extraction.
    """
    for path in _own_files(work):
        path.unlink(missing_ok=True)
    (work / MARKER).unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        work.rmdir()


def _own_files(work: Path) -> list[Path]:
    """The chunks and half-written files of an extraction in a folder that may be missing."""
    return sorted(path for path in work.glob("*") if OWN_NAME.fullmatch(path.name))


class Extractor:
    """Computes chunks into a work folder.

    Args:
        model: computes the features.
        work: folder for finished chunks; those of another fingerprint are removed.
        fingerprint: of the model, parameters, code and data.
        circumstances: what may change the last bits alone; the log says if the chunks were made under others.
        dtype: of the features as stored, float32 or float16.
    """

    def __init__(
        self,
        model: FeatureModel,
        *,
        work: Path,
        fingerprint: str,
        dtype: str,
        circumstances: Circumstances | None = None,
    ) -> None:
        self.model, self.work, self.dtype = model, work, np.dtype(dtype)
        self._claim_work(fingerprint, circumstances or {})

    def extract(self, groups: Mapping[str, Units], chunks: Sequence[Chunk]) -> None:
        """Compute the features of these chunks of the groups, but those found in the work folder.

        Raises:
            InputError: a picture cannot be read, or the model gives values that are not finite.
        """
        missing = [chunk for chunk in chunks if self._read(chunk) is None]
        units = [groups[chunk.group].take(slice(chunk.start, chunk.stop)) for chunk in missing]
        paths, camids = [one.paths for one in units], [one.sightings.camid_N.tolist() for one in units]
        total = sum(chunk.stop - chunk.start for chunk in chunks)
        done = total - sum(map(len, paths))
        unit = "tracklet" if any(len(one) > 1 for of_units in paths for one in of_units) else "picture"
        with progress_bar("extracting", unit, total, done) as progress:
            for chunk, features_UD in zip(missing, self.model.features(paths, camids), strict=True):
                with atomic_output(self._path(chunk)) as partial:
                    with partial.open("wb") as handle:
                        np.save(handle, features_UD.astype(self.dtype, copy=False))
                    append_checksum(partial)
                progress.update(len(features_UD))

    def blocks(self, chunks: Sequence[Chunk], group: str) -> Iterator[Features]:
        """The features (U, D) of a group's chunks, one after the other; they must have been extracted."""
        for chunk in chunks:
            if chunk.group == group:
                features_UD = self._read(chunk)
                if features_UD is None:
                    raise InputError(f"{self._path(chunk)}: was removed or damaged meanwhile; run the stage again")
                yield features_UD

    def shard(self, groups: Mapping[str, Units], chunks: Sequence[Chunk]) -> dict[str, ShardGroup]:
        """These chunks of every group, ready to be written as a shard."""
        shard = {}
        for name, units in groups.items():
            own = [np.arange(chunk.start, chunk.stop) for chunk in chunks if chunk.group == name]
            rows = np.concatenate([np.arange(0), *own])
            shard[name] = ShardGroup(
                rows_N=rows, sightings=units.sightings.take(rows), blocks=self.blocks(chunks, name)
            )
        return shard

    def _path(self, chunk: Chunk) -> Path:
        return self.work / f"{chunk.group}-{chunk.number:05d}.npy"

    def _read(self, chunk: Chunk) -> Features | None:
        path = self._path(chunk)
        if not path.is_file():
            return None
        try:
            found: Features = np.load(io.BytesIO(read_verified(path)), allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            if refused_by_system(error):
                raise
            logger.warning("chunk %s cannot be used (%s); computing it again", path, error)
            return None
        fits = found.shape == (chunk.stop - chunk.start, self.model.feature_length) and found.dtype == self.dtype
        return found if fits else None

    def _claim_work(self, fingerprint: str, circumstances: Circumstances) -> None:
        marker = self.work / MARKER
        if marker.is_file():
            try:
                found = read_json(marker)
                if found.get("fingerprint") == fingerprint:
                    logger.info("resuming from the chunks in %s", self.work)
                    warn_of_change(found.get("circumstances", {}), circumstances)
                    return
            except InputError as error:
                logger.warning("%s", error)
            logger.info("chunks in %s belong to another model, parameters, code or data; starting afresh", self.work)
        elif self.work.is_dir() and len(_own_files(self.work)) < len(list(self.work.iterdir())):
            raise InputError(f"{self.work}: holds files that are no unfinished extraction; choose an empty work folder")
        remove_chunks(self.work)
        write_json(marker, {"fingerprint": fingerprint, "circumstances": circumstances})
