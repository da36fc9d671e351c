"""The walks of people in the rendered world: who is at which camera when.

All six cameras make two recordings (sequences), on one clock at 25 frames per second. Each identity enters in one of
them at a random moment and walks from camera to camera along the `WAYS` at its own speed, sometimes with a pause; no
camera sees it twice. Most people take a way in the same direction, so the signed time between two cameras helps much to
tell who can be the same person.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from streid.data.rendered.cameras import CAMERAS, FRAMES_PER_SECOND
from streid.data.rendered.drawing import Snapshot
from streid.data.rendered.render_settings import RenderSettings
from streid.files.sightings import DISTRACTOR_PID, JUNK_PID

SEQUENCES = 2
SEQUENCE_FRAMES = 45 * 60 * FRAMES_PER_SECOND
SLOWEST, FASTEST = 0.9, 1.9  # metres per second
PAUSE_SHARE, MEAN_PAUSE, LONGEST_PAUSE = 0.35, 40.0, 240.0  # seconds
FRAME_GAP = (15, 40)  # between a pass's pictures
DISTRACTOR_PASS = 3
FEWEST_STOPS, MOST_STOPS = 3, 5
QUERY_BOX = 0
TRAVEL_STREAM, CROWD_STREAM = 41, 42

# (from, to): metres to walk; weight with which people choose this way.
WAYS: dict[tuple[int, int], tuple[float, float]] = {
    (1, 2): (180.0, 6.0), (2, 1): (180.0, 1.5),
    (2, 3): (150.0, 5.0), (3, 2): (150.0, 1.5),
    (2, 6): (290.0, 3.0), (6, 2): (290.0, 1.0),
    (3, 5): (120.0, 5.0), (5, 3): (120.0, 1.5),
    (1, 4): (230.0, 4.0), (4, 1): (230.0, 2.0),
    (4, 6): (160.0, 5.0), (6, 4): (160.0, 2.0),
    (6, 5): (340.0, 3.0), (5, 6): (340.0, 2.0),
}  # fmt: skip
ENTRANCES = (0.34, 0.14, 0.12, 0.18, 0.1, 0.12)  # of cameras 1-6


@dataclass(frozen=True, kw_only=True)
class Visit:
    """One identity's pass at one camera: its frames in one sequence, ascending."""

    camid: int
    sequence: int
    frames: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class RenderedWorld:
    """Every picture to draw, sorted by pid, camera, sequence, frame and box."""

    train: tuple[Snapshot, ...]
    query: tuple[Snapshot, ...]
    gallery: tuple[Snapshot, ...]


def plan_world(settings: RenderSettings) -> RenderedWorld:
    """Plan all walks, and list who is seen where and when.

    Training identities are numbered from 1, test identities follow. Each test identity has one query for each camera
    that saw it; its other pictures are in the gallery, with distractors and junk boxes.
    """
    boxes: Counter[tuple[int, int, int]] = Counter()
    train: list[Snapshot] = []
    query: list[Snapshot] = []
    gallery: list[Snapshot] = []
    for pid in range(1, settings.train_identities + settings.test_identities + 1):
        rng = np.random.default_rng([settings.seed, TRAVEL_STREAM, pid])
        for visit in travel(rng, settings.frames_per_pass):
            chosen = int(rng.integers(len(visit.frames))) if pid > settings.train_identities else -1
            for number, frame in enumerate(visit.frames):
                if number == chosen:
                    query.append(_snapshot(pid, visit.camid, visit.sequence, frame, QUERY_BOX))
                    continue
                snapshot = _detect(boxes, pid, visit.camid, visit.sequence, frame)
                (train if chosen < 0 else gallery).append(snapshot)
    gallery += _crowd(settings, boxes, np.random.default_rng([settings.seed, CROWD_STREAM]))
    return RenderedWorld(train=_sorted(train), query=_sorted(query), gallery=_sorted(gallery))


def travel(rng: np.random.Generator, frames_per_pass: int) -> list[Visit]:
    """One identity's visits in the order of the walk, all in one sequence.

    Args:
        frames_per_pass: pictures per visit, on average; a visit has one fewer, as many or one more, at least 2.
    """
    speed = float(np.clip(rng.normal(1.35, 0.18), SLOWEST, FASTEST))
    camid = 1 + int(np.searchsorted(np.cumsum(ENTRANCES), rng.random() * sum(ENTRANCES), side="right"))
    stops, clock, seen = int(rng.integers(FEWEST_STOPS, MOST_STOPS + 1)), 0, {camid}
    passes = [(camid, _pass_frames(rng, clock, frames_per_pass))]
    while len(passes) < stops:
        ways = [(to, *way) for (start, to), way in WAYS.items() if start == camid and to not in seen]
        if not ways:
            break
        weights = np.cumsum([weight for _, _, weight in ways])
        camid, metres, _ = ways[int(np.searchsorted(weights, rng.random() * weights[-1], side="right"))]
        pause = min(LONGEST_PAUSE, rng.exponential(MEAN_PAUSE)) if rng.random() < PAUSE_SHARE else 0.0
        clock = passes[-1][1][-1] + round((metres / speed + pause) * FRAMES_PER_SECOND)
        seen.add(camid)
        passes.append((camid, _pass_frames(rng, clock, frames_per_pass)))
    start = int(rng.integers(1, SEQUENCE_FRAMES - passes[-1][1][-1]))
    sequence = int(rng.integers(1, SEQUENCES + 1))
    return [
        Visit(camid=camid, sequence=sequence, frames=tuple(start + frame for frame in frames))
        for camid, frames in passes
    ]


def sequence_lengths() -> dict[str, list[int]]:
    """Each camera's sequence lengths in frames: the content of sequences.json."""
    return {str(camid): [SEQUENCE_FRAMES] * SEQUENCES for camid in CAMERAS}


def _pass_frames(rng: np.random.Generator, first: int, frames_per_pass: int) -> list[int]:
    count = max(2, frames_per_pass + int(rng.integers(-1, 2)))
    gaps = rng.integers(FRAME_GAP[0], FRAME_GAP[1] + 1, count - 1)
    return [first, *(first + np.cumsum(gaps)).tolist()]


def _crowd(settings: RenderSettings, boxes: Counter[tuple[int, int, int]], rng: np.random.Generator) -> list[Snapshot]:
    """Distractors, a few pictures per pass, and junk boxes."""
    snapshots: list[Snapshot] = []
    while len(snapshots) < settings.distractors:
        camid, sequence, frame = _anywhere(rng)
        frames = _pass_frames(rng, frame, DISTRACTOR_PASS)[: settings.distractors - len(snapshots)]
        snapshots += [_detect(boxes, DISTRACTOR_PID, camid, sequence, late) for late in frames]
    snapshots += [_detect(boxes, JUNK_PID, *_anywhere(rng)) for _ in range(settings.junk)]
    return snapshots


def _anywhere(rng: np.random.Generator) -> tuple[int, int, int]:
    camid, sequence = 1 + int(rng.integers(len(CAMERAS))), 1 + int(rng.integers(SEQUENCES))
    return camid, sequence, int(rng.integers(1, SEQUENCE_FRAMES - 1000))


def _detect(boxes: Counter[tuple[int, int, int]], pid: int, camid: int, sequence: int, frame: int) -> Snapshot:
    """A snapshot with the next free box number of its frame, so that no two share a name."""
    boxes[camid, sequence, frame] += 1
    return _snapshot(pid, camid, sequence, frame, QUERY_BOX + boxes[camid, sequence, frame])


def _snapshot(pid: int, camid: int, sequence: int, frame: int, box: int) -> Snapshot:
    return Snapshot(pid=pid, camid=camid, sequence=sequence, frame=frame, box=box)


def _sorted(snapshots: list[Snapshot]) -> tuple[Snapshot, ...]:
    return tuple(sorted(snapshots, key=lambda one: (one.pid, one.camid, one.sequence, one.frame, one.box)))
