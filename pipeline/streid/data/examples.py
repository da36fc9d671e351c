"""A few people seen by several cameras, to look at how models work on them."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from streid.data.clips import evaluation_clips
from streid.data.manifest import evaluated
from streid.data.units import make_units
from streid.errors import InputError

TEST_SPLITS = ("query", "gallery")
CAMERAS_EACH = 2


class Example(NamedTuple):
    """One person at one camera: identity, camera, and the paths of the pictures shown to a model."""

    pid: int
    camid: int
    paths: tuple[str, ...]


def choose_examples(table: pd.DataFrame, *, count: int, frames: int, seed: int) -> list[Example]:
    """Draw test identities, each in the two cameras with its longest tracklets.

    The same people, cameras and tracklets are chosen for every number of frames: a model of pictures gets the
    tracklet's middle picture, a model of clips the first clip that extraction takes. Identities seen by only one camera
    come last.

    Args:
        table: a manifest's rows.
        count: the most examples; if it is odd, the last person has only one camera.
        frames: pictures of an example; 1 for a model of pictures.
        seed: draws the identities.

    Returns:
        Examples, grouped by person, then by camera.

    Raises:
        InputError: no picture of query and gallery has an identity.
    """
    rows = table[table["split"].isin(TEST_SPLITS) & evaluated(table["pid"])].drop_duplicates("path")
    if rows.empty:
        raise InputError("no picture of query and gallery shows a known person, so there is no example")
    # A tracklet's number counts within its split.
    numbers = rows.groupby(["split", "tracklet"]).ngroup()
    tracklets = make_units(rows.assign(tracklet=numbers.where(rows["tracklet"] >= 0, -1)), "tracklet")
    longest = pd.DataFrame(
        {
            "pid": tracklets.sightings.pid_N,
            "camid": tracklets.sightings.camid_N,
            "first": tracklets.sightings.path_N,
            "pictures": [len(paths) for paths in tracklets.paths],
            "row": range(len(tracklets)),
        }
    ).sort_values(["pictures", "first"], ascending=[False, True], kind="stable")
    longest = longest.drop_duplicates(["pid", "camid"])
    cameras = longest.groupby("pid")["camid"].nunique()
    drawn = cameras.index.to_numpy()[np.random.default_rng(seed).permutation(len(cameras))]
    several_first = sorted(drawn, key=lambda pid: cameras[pid] < CAMERAS_EACH)
    chosen: list[Example] = []
    for pid in several_first[:count]:
        own = longest[longest["pid"] == pid].head(CAMERAS_EACH).sort_values("camid")
        chosen += [
            Example(int(pid), int(camid), _shown(tracklets.paths[row], frames))
            for camid, row in zip(own["camid"], own["row"], strict=True)
        ]
    return chosen[:count]


def _shown(paths: tuple[str, ...], frames: int) -> tuple[str, ...]:
    if frames == 1:
        return (paths[len(paths) // 2],)
    return tuple(paths[frame] for frame in evaluation_clips(len(paths), frames)[0])
