"""The files the stages hand to each other: atomic writes, versioned schemas, checked reads.

histograms.h5 has a module of its own, streid.tables.

Shape suffixes: N pictures, Q queries, K kept ranks, P right matches of all queries, W drawn wrong pictures,
D feature values.
All row indices are 0-based; ranks are 1-based.
"""

import contextlib
import errno
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from streid.confinement import refuse_unconfined
from streid.errors import DISK_IS_FULL, InputError
from streid.locks import exclusive_output
from streid.seals import NOTHING, check_seal, seal
from streid.spills import GuardedFile

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
FeatureArray = npt.NDArray[np.float32]

UNKNOWN_TIME = -1
TIME_BOUND = 2**53  # beyond, float64 does not hold every integer
JUNK_PID = -1
DISTRACTOR_PID = 0
FEATURES_FORMAT, RANKINGS_FORMAT = "streid-features", "streid-rankings"
PICTURES_FORMAT = "streid-pictures"
VERSION = 1
RANKINGS_VERSION = 2
SIGHTING_FIELDS = ("pid", "camid", "session", "time")
LOWEST = {"pid": JUNK_PID, "camid": 0, "session": 0, "time": UNKNOWN_TIME}
READ_BYTES = 1 << 26
SEAL_KEY = "sha256"
PROBED_BYTES = 1 << 20


@contextlib.contextmanager
def atomic_output(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` once the block ends without an error.

    A reader sees the old file or the whole new one, never a part. On an error the temporary file is
    removed and `path` stays as it was. The parent directory is made when it is missing.
    """
    with atomic_outputs(path) as (partial,):
        yield partial


@contextlib.contextmanager
def atomic_outputs(*paths: str | os.PathLike[str]) -> Iterator[tuple[Path, ...]]:
    """As `atomic_output` for files that belong together: none is renamed before all are written.

    Should a rename fail after others, these new files are removed: there are all of them or none. Another
    process that writes one of them waits until this one is through; what a killed one left is replaced.

    Raises:
        OSError: the disk is full, whatever the writer in the block made of that; `filename` is the output.
    """
    targets = [Path(path) for path in paths]
    for target in targets:
        _refuse_no_file(target)
        target.parent.mkdir(parents=True, exist_ok=True)
    partials = tuple(target.with_name(f".{target.name}.partial") for target in targets)
    renamed: list[Path] = []
    with contextlib.ExitStack() as held:
        # In one order everywhere, so that two that write the same files never wait for each other.
        for target in sorted(set(targets)):
            held.enter_context(exclusive_output(target))
        for partial in partials:
            partial.unlink(missing_ok=True)
        try:
            yield partials
            for partial in partials:
                with partial.open("rb+") as handle:
                    os.fsync(handle.fileno())
            for partial, target in zip(partials, targets, strict=True):
                partial.replace(target)
                renamed.append(target)
        except BaseException as error:
            named = error.filename if isinstance(error, OSError) and error.errno in DISK_IS_FULL else None
            full = [
                target
                for target, partial in zip(targets, partials, strict=True)
                if named == str(partial) or _lacks_room(partial)
            ]
            for path in (*partials, *renamed):
                path.unlink(missing_ok=True)
            if full and isinstance(error, Exception) and not isinstance(error, InputError):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(full[0])) from error
            raise


def _lacks_room(partial: Path) -> bool:
    """Whether the disk of a half-written file is full, which libraries tell by errors of many kinds."""
    try:
        with partial.open("ab") as handle:
            handle.write(bytes(PROBED_BYTES))
            handle.flush()
            os.fsync(handle.fileno())
    except OSError as error:
        return error.errno in DISK_IS_FULL
    return False


def check_targets(
    outputs: Iterable[str | os.PathLike[str] | None], inputs: Iterable[str | os.PathLike[str] | None]
) -> None:
    """Refuse outputs that cannot be written, or would replace an input or each other; None stands for no file.

    To be called before anything is computed. Paths that lead to one file by links are the same.

    Raises:
        InputError: an output is a directory or another thing that is no file, lies in something that is no
            directory, or is an input or another output.
    """
    taken = {Path(path).resolve(): "is read as an input" for path in inputs if path is not None}
    for output in outputs:
        if output is None:
            continue
        target = Path(output)
        _refuse_no_file(target)
        above = next(folder for folder in target.absolute().parents if folder.exists())
        if not above.is_dir():
            raise InputError(f"{target}: cannot be written, as {above} is no directory; choose another output")
        if target.resolve() in taken:
            raise InputError(f"{target}: {taken[target.resolve()]}, so it cannot be written; choose another output")
        taken[target.resolve()] = "is another output as well"


def _refuse_no_file(target: Path) -> None:
    if target.exists() and not target.is_file():
        raise InputError(f"{target}: is no regular file, so it cannot be written; choose another output")


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write `text` as UTF-8, atomically."""
    with atomic_output(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="")


def json_text(content: Mapping[str, Any], path: str | os.PathLike[str]) -> str:
    """`content` as indented JSON, to be written to `path`.

    Raises:
        InputError: a value is NaN or infinite, which JSON cannot hold.
    """
    try:
        return json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False) + "\n"
    except ValueError as error:
        raise InputError(f"{path}: cannot be written, as a value in it is not finite ({error})") from None


def sealed_json_text(content: Mapping[str, Any], path: str | os.PathLike[str]) -> str:
    """As `json_text`, with the SHA-256 of the content beside it, which `read_json` checks."""
    return json_text({**content, SEAL_KEY: _json_digest(content)}, path)


def _json_digest(content: Mapping[str, Any]) -> str:
    # Once to text and back: what is read has no keys but strings.
    read = json.loads(json.dumps(content))
    return hashlib.sha256(json.dumps(read, sort_keys=True).encode()).hexdigest()


def write_json(path: str | os.PathLike[str], content: Mapping[str, Any]) -> None:
    """Write `content` as indented JSON, atomically; NaN and infinity are refused."""
    write_text(path, json_text(content, path))


def read_json(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a JSON object; its SHA-256, where it holds one, is checked and left out.

    Raises:
        InputError: the file is missing, is not JSON, is not an object, or holds other values than were written.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not valid JSON ({error}); remove it and make it again") from None
    if not isinstance(content, dict):
        raise InputError(f"{path}: a JSON object was expected; remove it and make it again")
    if SEAL_KEY in content and content.pop(SEAL_KEY) != _json_digest(content):
        raise InputError(
            f"{path}: damaged (other values than were written); make it again, or remove {SEAL_KEY!r} from it if the "
            "edit is yours"
        )
    return content


@dataclass(frozen=True, kw_only=True, eq=False)
class Sightings:
    """Who was seen where and when: one entry per picture.

    pid_N: identity; -1 junk, 0 distractor. camid_N: camera as the data set numbers it.
    session_N: times compare only within one session. time_N: the session's clock in the data set's
    own unit, -1 unknown. path_N: picture path relative to the data set's root.
    """

    pid_N: IntArray
    camid_N: IntArray
    session_N: IntArray
    time_N: IntArray
    path_N: npt.NDArray[np.object_]

    def __post_init__(self) -> None:
        count = len(self.pid_N)
        for field in fields(self):
            column = getattr(self, field.name)
            if column.shape != (count,):
                raise InputError(f"{field.name} has shape {column.shape}, expected ({count},)")
        if count and int(self.time_N.min()) < UNKNOWN_TIME:
            raise InputError("a time is negative; unknown times are written as -1")

    def __len__(self) -> int:
        return len(self.pid_N)

    def take(self, rows: npt.NDArray[Any] | slice) -> "Sightings":
        """The entries at `rows` (indices, a boolean mask or a slice), in that order."""
        return Sightings(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


def concatenate_sightings(parts: Sequence[Sightings]) -> Sightings:
    """One `Sightings` after the other, in the order given."""
    return Sightings(**{f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Sightings)})


@dataclass(frozen=True, kw_only=True, eq=False)
class FeatureGroup:
    """The pictures of one group (query, gallery, val) with one feature row each; float32, not yet normalised."""

    sightings: Sightings
    features_ND: FeatureArray

    def __post_init__(self) -> None:
        if self.features_ND.ndim != 2 or len(self.features_ND) != len(self.sightings):
            raise InputError(
                f"features have shape {self.features_ND.shape} for {len(self.sightings)} pictures; "
                "one row per picture is needed"
            )


@dataclass(frozen=True, kw_only=True, eq=False)
class FeatureSet:
    """A features.h5 file in memory; unit: what a row describes, a picture or a tracklet."""

    dataset: str
    model: str
    groups: Mapping[str, FeatureGroup]
    unit: str = "picture"


@dataclass(frozen=True, kw_only=True, eq=False)
class Ranking:
    """One stream's retrieval result per query.

    indices_QK: the best gallery rows, best first, those the protocol ignores left out; -1 where a
    query has fewer. scores_QK: their scores (similarity, or negative distance; higher is better), NaN
    where the index is -1. ap_Q: average precision (trapezoid), NaN for a query without a right match.
    first_match_Q: 1-based rank of the first right match, 0 without one.

    match_count_Q: right matches per query. match_rows_P, match_ranks_P, match_scores_P: gallery row, 1-based
    rank and score of every right match, query after query, best first. wrong_scores_QW: scores of gallery
    pictures drawn evenly for every query, the same ones in every stream; NaN where one drawn is no wrong one
    or the query is of nobody.
    """

    indices_QK: npt.NDArray[np.int32]
    scores_QK: npt.NDArray[np.float32]
    ap_Q: FloatArray
    first_match_Q: npt.NDArray[np.int32]
    match_count_Q: npt.NDArray[np.int32]
    match_rows_P: npt.NDArray[np.int32]
    match_ranks_P: npt.NDArray[np.int32]
    match_scores_P: npt.NDArray[np.float32]
    wrong_scores_QW: npt.NDArray[np.float32]

    def __post_init__(self) -> None:
        columns = (self.match_count_Q, self.match_rows_P, self.match_ranks_P, self.match_scores_P)
        lengths = [len(column) for column in columns if column.ndim == 1]
        if len(lengths) < len(columns) or len(set(lengths[1:])) > 1 or int(self.match_count_Q.sum()) != lengths[1]:
            raise InputError("the right matches do not fit their number per query; make the ranking again")


@contextlib.contextmanager
def open_checked(path: str | os.PathLike[str], file_format: str, version: int = VERSION) -> Iterator[h5py.File]:
    """Open an HDF5 file of `file_format` for reading; every defect of the file becomes an InputError."""
    if not Path(path).is_file():
        raise InputError(f"{path}: no such file")
    check_seal(Path(path))
    with named_defects(path, file_format), h5py.File(path, "r") as handle:
        found = handle.attrs.get("format")
        if found != file_format:
            raise InputError(f"{path}: format is {found!r}, expected {file_format!r}")
        written = handle.attrs.get("version")
        if written != version:
            raise InputError(
                f"{path}: version {written} of {file_format} is not the one this streid reads ({version}); "
                "make it again"
            )
        refuse_unconfined(handle)
        yield handle


@contextlib.contextmanager
def named_defects(path: str | os.PathLike[str], file_format: str) -> Iterator[None]:
    """Turn what goes wrong while the HDF5 file at `path` is read into an InputError that names it."""
    try:
        yield
    except InputError as error:
        raise InputError(str(error) if str(path) in str(error) else f"{path}: {error}") from None
    except KeyError as error:
        raise InputError(f"{path}: incomplete {file_format} file ({error.args[0]})") from None
    except (TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{path}: not laid out as a {file_format} file ({error})") from None
    except (OSError, RuntimeError) as error:
        raise InputError(f"{path}: damaged HDF5 file ({error}); remove it and make it again") from None


@contextlib.contextmanager
def create_file(
    path: str | os.PathLike[str],
    file_format: str,
    version: int = VERSION,
    *,
    unsealed: str | None = None,
    **attributes: str | int | float,
) -> Iterator[h5py.File]:
    """Create an HDF5 file of `file_format` with root attributes, atomically, and seal it (streid.seals).

    Args:
        unsealed: a contiguous dataset that the seal leaves out, as its content has checksums of its own.
    """
    with atomic_output(path) as partial:
        with GuardedFile(partial) as file:
            with h5py.File(file, "w") as handle:
                handle.attrs["format"] = file_format
                handle.attrs["version"] = version
                handle.attrs.update(attributes)
                yield handle
                skipped = NOTHING
                if unsealed is not None:
                    stored = handle[unsealed].id
                    skipped = (stored.get_offset() or 0, stored.get_storage_size())
            file.check()
        seal(partial, skipped)


def write_features(
    path: str | os.PathLike[str],
    *,
    dataset: str,
    model: str,
    dimension: int,
    groups: Mapping[str, tuple[Sightings, Iterable[npt.NDArray[Any]]]],
    dtype: str = "float32",
    unit: str = "picture",
    weights: str = "",
) -> None:
    """Write a features.h5 block by block, atomically.

    Args:
        dimension: D, the number of values per picture.
        groups: group name -> (its pictures, blocks of consecutive feature rows that add up to them).
        dtype: float32 or float16, as stored.
        unit: what a row describes, picture or tracklet.
        weights: SHA-256 of the model.safetensors the features come from, in hexadecimal; empty is not stored.
    """
    with create_file(path, FEATURES_FORMAT, dataset=dataset, model=model, unit=unit) as handle:
        if weights:
            handle.attrs["weights_sha256"] = weights
        for name in sorted(groups):
            sightings, blocks = groups[name]
            group = handle.create_group(name)
            write_sightings(group, sightings)
            chunk = (max(1, min(len(sightings), (1 << 20) // (dimension * np.dtype(dtype).itemsize))), dimension)
            stored = group.create_dataset(
                "features", (len(sightings), dimension), dtype, chunks=chunk, fletcher32=len(sightings) > 0
            )
            row = 0
            for block in blocks:
                stored[row : row + len(block)] = block
                row += len(block)
            if row != len(sightings):
                raise InputError(f"{path}: group {name} got {row} feature rows for {len(sightings)} pictures")


def write_sightings(group: h5py.Group, sightings: Sightings) -> None:
    """Store pid, camid, session, time (int64) and path (UTF-8) in an HDF5 group."""
    for field in SIGHTING_FIELDS:
        group.create_dataset(field, data=getattr(sightings, f"{field}_N").astype(np.int64))
    group.create_dataset("path", data=sightings.path_N, dtype=h5py.string_dtype("utf-8"))


def load_sightings(group: h5py.Group) -> Sightings:
    """What `write_sightings` stored in an HDF5 group.

    Raises:
        InputError: a column holds no integers, or some that are too small, or a time is 2^53 or more.
    """
    columns: dict[str, Any] = {}
    for field in SIGHTING_FIELDS:
        values = group[field][:]
        if not np.issubdtype(values.dtype, np.integer):
            raise InputError(f"group {group.name[1:]}: {field} holds {values.dtype}, expected int64")
        columns[f"{field}_N"] = values.astype(np.int64)
        wrong_N = (columns[f"{field}_N"] < LOWEST[field]) | (values > np.iinfo(np.int64).max)
        if wrong_N.any():
            row = int(np.argmax(wrong_N))
            raise InputError(
                f"group {group.name[1:]}: {field} of row {row} is {values[row]}; a number of at least {LOWEST[field]} "
                "that fits int64 is needed"
            )
        if field == "time" and values.max(initial=0) >= TIME_BOUND:
            row = int(np.argmax(values >= TIME_BOUND))
            raise InputError(
                f"group {group.name[1:]}: time of row {row} is {values[row]}, which is not below 2^53; count times "
                "from their session's beginning or in a coarser unit"
            )
    return Sightings(**columns, path_N=group["path"].asstr()[:].astype(object))


def feature_shape(group: h5py.Group) -> tuple[int, int]:
    """Rows and values per row of a group's features.

    Raises:
        InputError: they are no floating-point table.
    """
    stored = group["features"]
    if stored.ndim != 2 or not np.issubdtype(stored.dtype, np.floating):
        raise InputError(
            f"group {group.name[1:]}: features are {stored.dtype} of shape {stored.shape}, expected float (N, D)"
        )
    return int(stored.shape[0]), int(stored.shape[1])


def load_feature_blocks(group: h5py.Group, features_ND: FeatureArray) -> Iterator[tuple[int, FeatureArray]]:
    """Read a group's features into `features_ND`, in blocks of about 64 MiB; NaN and infinity are refused.

    Yields:
        After each block its first row in the group, and its rows of `features_ND`, which may be changed in place.
    """
    stored = group["features"]
    step = max(1, READ_BYTES // max(1, 4 * stored.shape[1]))
    for start in range(0, len(stored), step):
        block = features_ND[start : start + step]
        stored.read_direct(features_ND, np.s_[start : start + len(block)], np.s_[start : start + len(block)])
        if not np.isfinite(block).all():
            bad = start + int(np.flatnonzero(~np.isfinite(block).all(axis=1))[0])
            raise InputError(f"group {group.name[1:]}: features of row {bad} are not finite")
        yield start, block


def _load_features(group: h5py.Group) -> FeatureArray:
    features_ND = np.empty(feature_shape(group), np.float32)
    for _ in load_feature_blocks(group, features_ND):
        pass
    return features_ND


def refuse_unlike_lengths(path: str | os.PathLike[str], lengths: Mapping[str, int]) -> None:
    """Refuse groups of one features.h5 whose rows are not equally long (`lengths` by group)."""
    if len(set(lengths.values())) > 1:
        raise InputError(f"{path}: groups have feature lengths {dict(lengths)}; all must be the same")


def read_features(path: str | os.PathLike[str], groups: Sequence[str] = ("query", "gallery")) -> FeatureSet:
    """Read the named groups of a features.h5.

    Raises:
        InputError: the file is missing, damaged, of another format or version, lacks a group, or its
            groups' rows, lengths or values do not fit together.
    """
    with open_checked(path, FEATURES_FORMAT) as handle:
        loaded = {
            name: FeatureGroup(sightings=load_sightings(handle[name]), features_ND=_load_features(handle[name]))
            for name in groups
        }
        refuse_unlike_lengths(path, {name: group.features_ND.shape[1] for name, group in loaded.items()})
        return FeatureSet(
            dataset=str(handle.attrs["dataset"]),
            model=str(handle.attrs["model"]),
            groups=loaded,
            unit=str(handle.attrs.get("unit", "picture")),
        )


def feature_groups(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """The names of a features.h5's groups, sorted."""
    with open_checked(path, FEATURES_FORMAT) as handle:
        return tuple(sorted(handle))


def feature_weights(path: str | os.PathLike[str]) -> str:
    """SHA-256 of the model.safetensors that a features.h5 was made with; empty where it does not say."""
    with open_checked(path, FEATURES_FORMAT) as handle:
        return str(handle.attrs.get("weights_sha256", ""))


def read_sightings(path: str | os.PathLike[str], group: str) -> Sightings:
    """Read one group's pictures from a features.h5 without its features."""
    with open_checked(path, FEATURES_FORMAT) as handle:
        return load_sightings(handle[group])


def write_rankings(path: str | os.PathLike[str], *, dataset: str, model: str, streams: Mapping[str, Ranking]) -> None:
    """Write scores.h5 or reranked.h5: one group per stream, atomically."""
    with create_file(path, RANKINGS_FORMAT, RANKINGS_VERSION, dataset=dataset, model=model) as handle:
        for stream in sorted(streams):
            group = handle.create_group(stream)
            for field in fields(Ranking):
                column = getattr(streams[stream], field.name)
                options = {"fletcher32": True, "chunks": True} if column.size else {}
                group.create_dataset(field.name.rsplit("_", 1)[0], data=column, **options)


def read_rankings(path: str | os.PathLike[str]) -> dict[str, Ranking]:
    """Read a scores.h5 or reranked.h5: stream name -> its ranking.

    Raises:
        InputError: the file is missing, damaged, or of another format or version.
    """
    with open_checked(path, RANKINGS_FORMAT, RANKINGS_VERSION) as handle:
        return {
            stream: Ranking(**{f.name: handle[stream][f.name.rsplit("_", 1)[0]][:] for f in fields(Ranking)})
            for stream in sorted(handle)
        }
