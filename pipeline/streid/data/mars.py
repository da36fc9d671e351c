"""MARS and trees laid out like it.

Zheng et al., "MARS: A Video Benchmark for Large-Scale Person Re-identification", ECCV 2016. The six cameras of
Market-1501; tracklets from a detector and a tracker, pictures named `0001C1T0001F001.jpg` (identity, camera,
tracklet, frame in the tracklet) in `bbox_train|bbox_test/<identity>`. The folder `info` describes the tracklets:
`train_name.txt` and `test_name.txt` list the pictures; `tracks_train_info.mat` (8,298 x 4) and
`tracks_test_info.mat` (12,180 x 4) hold each tracklet's first and last picture in its list (1-based, both
included), identity and camera; `query_IDX.mat` (1 x 1,980) the queries' rows in the test tracklets (1-based).
Train 509,914 pictures of 625 identities; query 626 identities; test tracklets include 3,248 of distractors
(pid 0, which count) and 870 junk ones (pid -1, folder `00-1`, ignored in evaluation).

The queries stay in the gallery, as in the authors' evaluation: without them 140 queries have no match. A
query's own tracklet comes from its own camera, so the protocol ignores it. Frames count within the tracklet: times
cannot be compared, so only appearance counts. The protocol evaluates tracklets.
"""

import multiprocessing
import re
import resource
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.io import loadmat

from streid.arrays import IntArray
from streid.data.picture_paths import ENDING
from streid.data.sources import Row, SourceDataset, SourceFormat, SourceTree, make_table
from streid.errors import InputError
from streid.files.sightings import JUNK_PID, UNKNOWN_TIME

OFFICIAL_COUNTS = {
    "train": {"tracklets": 8298, "identities": 625, "pictures": 509914},
    "query": {"tracklets": 1980, "identities": 626},
    "gallery": {"tracklets": 12180, "distractor_tracklets": 3248, "junk_tracklets": 870},
}
FOLDERS = {"train": "bbox_train", "test": "bbox_test"}
READER_SECONDS = 60
JUNK_NAME = "00-1"
WHERE_TO_GET = (
    "MARS is offered by its authors (https://zheng-lab.cecs.anu.edu.au/Project/project_mars.html), the folder info by "
    "https://github.com/liangzheng06/MARS-evaluation; unpack them so that this folder holds bbox_train, bbox_test "
    "and info"
)
NAME = re.compile(rf"(?P<pid>\d{{4}}|00-1)C(?P<camid>\d)T\d{{4}}F\d{{3,}}{ENDING}", re.ASCII)


def parse_name(name: str) -> tuple[int, int]:
    """Identity (-1 junk, 0 distractor) and camera of a picture's file name.

    Raises:
        InputError: the name does not follow MARS's pattern.
    """
    match = NAME.fullmatch(name)
    if match is None:
        raise InputError(
            f"{name!r} is not a MARS picture name (expected like 0001C1T0001F001.jpg: identity, camera, "
            "tracklet, frame)"
        )
    return JUNK_PID if match["pid"] == JUNK_NAME else int(match["pid"]), int(match["camid"])


def load_mars(root: Path) -> SourceDataset:
    """Read the lists and tables in `info` into a manifest.

    Args:
        root: the folder that holds bbox_train, bbox_test and info.

    Returns:
        The rows (no times; tracklets numbered as in the tables, the test's after the training's; a query's
        pictures once as query and once in the gallery) with the official counts.

    Raises:
        InputError: a folder, list or table is missing, or does not match the others.
    """
    tree = SourceTree(root, WHERE_TO_GET)
    for folder in (*FOLDERS.values(), "info"):
        tree.check(folder)
    train, train_misnamed = _read_tracklets(tree, "train", "train", 0)
    test, test_misnamed = _read_tracklets(tree, "test", "gallery", len(train))
    queries_Q = _read_table(root / "info" / "query_IDX.mat", "query_IDX").ravel()
    if len(queries_Q) == 0 or queries_Q.min() < 1 or queries_Q.max() > len(test):
        raise InputError(
            f"{root / 'info' / 'query_IDX.mat'}: its rows must be from 1 to the {len(test)} test tracklets"
        )
    query: list[Row] = [
        (path, "query", *rest) for number in np.unique(queries_Q) for path, _, *rest in test[number - 1]
    ]
    remarks = ["frames count within each tracklet, so times cannot be compared: there is no spatial-temporal stream"]
    if train_misnamed or test_misnamed:
        remarks.append(
            f"{train_misnamed + test_misnamed} tracklets have pictures named for another identity or camera than "
            "in their table; the table was used"
        )
    return SourceDataset(
        table=make_table([row for tracklets in (train, test) for rows in tracklets for row in rows] + query),
        expected=OFFICIAL_COUNTS,
        own_tracklets=True,
        unit="tracklet",
        remarks=tuple(remarks),
    )


def _read_tracklets(tree: SourceTree, half: str, split: str, first: int) -> tuple[list[list[Row]], int]:
    """The rows of each tracklet, in the order of the table, and the number of tracklets whose names disagree with it.

    Args:
        half: `train` or `test`.
        first: the first tracklet's number.
    """
    listing = tree.root / "info" / f"{half}_name.txt"
    table = tree.root / "info" / f"tracks_{half}_info.mat"
    names = tree.lines(f"info/{listing.name}")
    tracks_T4 = _read_table(table, f"track_{half}_info")
    if tracks_T4.shape[1:] != (4,):
        raise InputError(f"{table}: has shape {tracks_T4.shape}, expected a row of first, last, identity, camera each")
    tracklets: list[list[Row]] = []
    misnamed = 0
    for number, (start, end, pid, camid) in enumerate(tracks_T4.tolist(), start=1):
        if not 1 <= start <= end <= len(names):
            raise InputError(
                f"{table}, row {number}: pictures {start}-{end} are not in {listing.name} (1-{len(names)})"
            )
        shown = names[start - 1 : end]
        try:
            named = {parse_name(name) for name in shown}
        except InputError as error:
            raise InputError(f"{listing}: {error}") from None
        if len(named) > 1:
            raise InputError(
                f"{table}, row {number}: its pictures in {listing.name} show several identities or cameras"
            )
        misnamed += named != {(pid, camid)}
        folder = f"{FOLDERS[half]}/{shown[0][:4]}"
        tracklets.append(
            [(f"{folder}/{name}", split, pid, camid, 0, UNKNOWN_TIME, first + number - 1) for name in shown]
        )
    return tracklets, misnamed


def _read_table(path: Path, variable: str) -> IntArray:
    """A table of a .mat file as int64: the published files hold unsigned 16-bit numbers, which wrap around."""
    if not path.is_file():
        raise InputError(f"{path}: no such file. {WHERE_TO_GET}")
    try:
        # A damaged file can crash or hang the process that reads it, so a separate process reads it.
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork"), initializer=_limit_reader) as pool:
            table = pool.submit(_load_variable, path, variable).result()
    except BrokenProcessPool:
        raise InputError(
            f"{path}: not a readable MATLAB file (so damaged that reading fails); fetch it again"
        ) from None
    except Exception as error:
        raise InputError(f"{path}: not a readable MATLAB file ({error}); fetch it again") from None
    if table is None:
        raise InputError(f"{path}: holds no variable {variable}; fetch it again")
    if table.dtype.kind not in "iuf" or not np.array_equal(table, table.astype(np.int64)):
        raise InputError(f"{path}: {variable} has values that are not whole numbers; fetch it again")
    return table.astype(np.int64)


def _load_variable(path: Path, variable: str) -> npt.NDArray[Any] | None:
    found = loadmat(path, variable_names=[variable]).get(variable)
    return None if found is None else np.asarray(found)


def _limit_reader() -> None:
    """Let the kernel end this process, without a core file, if reading never ends."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (READER_SECONDS, READER_SECONDS))


MARS = SourceFormat(load=lambda root, _: load_mars(root))
