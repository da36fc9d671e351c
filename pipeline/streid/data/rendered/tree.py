"""Writing rendered pictures as a Market-1501 tree.

The tree is drawn into a hidden folder beside the output and renamed at the end, so a rendering that was stopped leaves
nothing that looks complete. `rendered.json` marks a finished tree.
"""

import contextlib
import ctypes
import functools
import logging
import os
import shutil
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from streid.data.market1501 import FOLDERS, parse_name
from streid.data.picture_paths import MASKS_FOLDER
from streid.data.rendered.cameras import CAMERAS
from streid.data.rendered.drawing import Difficulty, Snapshot, draw_picture
from streid.data.rendered.wardrobe import Look, draw_look, draw_outfit, dress_identities
from streid.data.rendered.world import RenderedWorld
from streid.errors import InputError
from streid.files.checksums import digest_files
from streid.files.json_files import write_json
from streid.files.locks import exclusive_output
from streid.files.sightings import DISTRACTOR_PID, JUNK_PID

logger = logging.getLogger(__name__)

MARKER_FILE = "rendered.json"
ORIGIN_FILE = ".rendered"  # marks a rendering's folder even when a workflow has removed the marker to make it again
JPEG_QUALITY = 88
PICTURES_PER_JOB = 100
LOGGED_EVERY = 5000
PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
AT_CWD, RENAME_EXCHANGE = -100, 2  # <linux/fcntl.h>, <linux/fs.h>
BORROWED_CLOTHES = 0.5  # share of distractors dressed like a test identity
STRANGER_STREAM = 51


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """A picture to draw: its file name, the content of the name, and the look of the person."""

    name: str
    snapshot: Snapshot
    look: Look


Job = tuple[str, Sequence[Drawing]]  # folder of the tree, pictures


def picture_name(snapshot: Snapshot) -> str:
    """The Market-1501 file name of a snapshot."""
    pid = "-1" if snapshot.pid == JUNK_PID else f"{snapshot.pid:04d}"
    return f"{pid}_c{snapshot.camid}s{snapshot.sequence}_{snapshot.frame:06d}_{snapshot.box:02d}.jpg"


def name_world(world: RenderedWorld) -> dict[str, list[str]]:
    """The file names of a planned world, by folder of the tree."""
    splits = {"train": world.train, "query": world.query, "gallery": world.gallery}
    return {FOLDERS[split]: [picture_name(snapshot) for snapshot in snapshots] for split, snapshots in splits.items()}


def read_names(folder: Path) -> dict[str, list[str]]:
    """The names to draw from `bounding_box_train.txt`, `bounding_box_test.txt` and `query.txt`.

    Raises:
        InputError: a file is missing or empty, or a line is not a Market-1501 name of cameras 1-6 or occurs twice.
    """
    return {name: _read_name_list(folder / f"{name}.txt") for name in FOLDERS.values()}


def _read_name_list(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; it must list one picture name per line") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: not UTF-8 text; it must list one picture name per line") from None
    first_line: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        name = line.strip()
        if not name:
            continue
        try:
            camid = parse_name(name)["camid"]
        except InputError as error:
            raise InputError(f"{path}, line {number}: {error}") from None
        if camid not in CAMERAS:
            raise InputError(
                f"{path}, line {number}: {name} is of camera {camid}; the world has cameras 1-{len(CAMERAS)}"
            )
        if name in first_line:
            raise InputError(f"{path}, line {number}: {name} is already on line {first_line[name]}; remove one")
        first_line[name] = number
    if not first_line:
        raise InputError(f"{path}: lists no pictures")
    return sorted(first_line)


def plan_drawings(names: Mapping[str, Sequence[str]], *, seed: int, shared_clothes: float) -> dict[str, list[Drawing]]:
    """Who is shown on each picture: an identity looks the same everywhere, distractors and junk show strangers.

    Args:
        names: picture names by folder.
        shared_clothes: share of identities dressed like one or two others; only within training or test
            identities.
    """
    snapshots = {folder: [Snapshot(**parse_name(name)) for name in listed] for folder, listed in names.items()}
    pids = {folder: {one.pid for one in seen if one.pid > DISTRACTOR_PID} for folder, seen in snapshots.items()}
    test_pids = pids[FOLDERS["query"]] | pids[FOLDERS["gallery"]]
    looks = dress_identities(sorted(pids[FOLDERS["train"]] - test_pids), seed=seed, shared_clothes=shared_clothes)
    test_looks = dress_identities(sorted(test_pids), seed=seed, shared_clothes=shared_clothes)
    models = [test_looks[pid] for pid in sorted(test_looks)]
    looks |= test_looks
    return {
        folder: [
            Drawing(name=name, snapshot=one, look=looks[one.pid] if one.pid in looks else _stranger(one, models, seed))
            for name, one in zip(names[folder], seen, strict=True)
        ]
        for folder, seen in snapshots.items()
    }


def _stranger(snapshot: Snapshot, models: Sequence[Look], seed: int) -> Look:
    """Somebody without a number, perhaps in the clothes of one of `models`."""
    place = (snapshot.pid + 1, snapshot.camid, snapshot.sequence, snapshot.frame, snapshot.box)
    rng = np.random.default_rng([seed, STRANGER_STREAM, *place])
    if models and rng.random() < BORROWED_CLOTHES:
        return draw_look(rng, models[int(rng.integers(len(models)))].outfit)
    return draw_look(rng, draw_outfit(rng))


def write_tree(
    output: Path,
    drawings: Mapping[str, Sequence[Drawing]],
    *,
    seed: int,
    difficulty: Difficulty,
    masks: bool,
    workers: int,
    documents: Mapping[str, Mapping[str, Any]],
) -> None:
    """Draw everything and put the finished tree at `output`.

    Args:
        drawings: by folder of the tree.
        masks: also write the part masks, as masks/<folder>/<name>.png.
        documents: JSON files for the tree's root, `rendered.json` among them.

    Raises:
        InputError: `output` holds something that is not an earlier rendering.
    """
    check_output(output)
    with _replaced_folder(output.resolve()) as partial:
        jobs = []
        for folder, listed in drawings.items():
            (partial / folder).mkdir(parents=True)
            if masks:
                (partial / MASKS_FOLDER / folder).mkdir(parents=True)
            jobs += [(folder, listed[i : i + PICTURES_PER_JOB]) for i in range(0, len(listed), PICTURES_PER_JOB)]
        draw = functools.partial(_draw_job, partial, seed=seed, difficulty=difficulty, masks=masks)
        total, done = sum(len(listed) for listed in drawings.values()), 0
        for count in _drawn(draw, jobs, workers):
            if (done + count) // LOGGED_EVERY > done // LOGGED_EVERY:
                logger.info("%d of %d pictures", done + count, total)
            done += count
        (partial / ORIGIN_FILE).touch()
        # If pictures change, so does the marker, and the workflow makes everything that depends on them again.
        drawn = {MARKER_FILE: {"digest": digest_files(sorted(partial.rglob("*.jpg")))}}
        for name in sorted(documents):
            write_json(partial / name, {**documents[name], **drawn.get(name, {})})


def check_output(output: Path) -> None:
    """Refuse an output that is not empty, unless it is an earlier rendering.

    Raises:
        InputError: `output` is a file, or a folder with content of unknown origin.
    """
    if not os.path.lexists(output):
        return
    if output.is_dir() and ((output / MARKER_FILE).is_file() or (output / ORIGIN_FILE).is_file()):
        return
    if not output.is_dir() or any(output.iterdir()):
        raise InputError(
            f"{output} exists and is not an earlier rendering (it has no {MARKER_FILE}); choose another output"
        )


def _draw_job(root: Path, job: Job, *, seed: int, difficulty: Difficulty, masks: bool) -> int:
    folder, drawings = job
    for drawing in drawings:
        pixels_HWC, parts_HW = draw_picture(drawing.snapshot, drawing.look, seed=seed, difficulty=difficulty)
        Image.fromarray(pixels_HWC).save(root / folder / drawing.name, quality=JPEG_QUALITY)
        if masks:
            mask = root / MASKS_FOLDER / folder / Path(drawing.name).with_suffix(".png")
            Image.fromarray(parts_HW).save(mask)
    return len(drawings)


def _drawn(draw: Callable[[Job], int], jobs: Sequence[Job], workers: int) -> Iterator[int]:
    """Draw all jobs; yields the number of pictures of each finished job."""
    if workers == 1 or len(jobs) < 2:
        yield from map(draw, jobs)
        return
    yield draw(jobs[0])  # compiles the rasteriser, which forked workers inherit
    with ProcessPoolExecutor(workers, initializer=_end_with_parent) as pool:
        yield from pool.map(draw, jobs[1:])


def _end_with_parent() -> None:
    """Let the kernel kill this worker when its parent ends (only on Linux)."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


@contextlib.contextmanager
def _replaced_folder(output: Path) -> Iterator[Path]:
    """Yield a new folder beside `output` that takes its place once the block ends without an error.

    Another rendering to the same output waits until this one has finished.
    """
    partial = output.with_name(f".{output.name}.partial")
    with exclusive_output(output):
        shutil.rmtree(partial, ignore_errors=True)
        try:
            partial.mkdir(parents=True)
            yield partial
            _put_in_place(partial, output)
        except OSError as error:
            error.filename = error.filename or str(output)
            raise
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def _put_in_place(folder: Path, output: Path) -> None:
    """Move a folder to `output`, in exchange for an earlier one; a file system without exchange removes that first."""
    if output.exists():
        with contextlib.suppress(AttributeError):  # not on Linux
            if ctypes.CDLL(None).renameat2(AT_CWD, bytes(folder), AT_CWD, bytes(output), RENAME_EXCHANGE) == 0:
                return
        # A file system without exchange.
        shutil.rmtree(output)
    folder.rename(output)
