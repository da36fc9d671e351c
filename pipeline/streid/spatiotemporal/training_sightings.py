"""Which pictures' times are counted, and which identities are held out: never those of query or gallery.

Shape suffixes: N pictures, H held-out identities.
"""

import os
from dataclasses import dataclass

import numpy as np

from streid.arrays import IntArray
from streid.data.manifest import read_manifest, read_prepared, sightings
from streid.data.protocol import refuse_tested
from streid.errors import InputError
from streid.files.features import feature_groups, read_sightings
from streid.files.sightings import DISTRACTOR_PID, Sightings, concatenate_sightings

GROUPS = ("train", "val")
TESTED_GROUPS = ("query", "gallery")


@dataclass(frozen=True, kw_only=True, eq=False)
class Training:
    """The pictures to count, and those of their identities that are held out to choose a weight, ascending."""

    sightings: Sightings
    held_out_H: IntArray


def training_of_manifest(path: str | os.PathLike[str], summary: str | os.PathLike[str] | None = None) -> Training:
    """The splits train and val of a manifest; the identities of val that are not in train are held out.

    Args:
        summary: the dataset.json that was made with the manifest, to check that they belong together.

    Raises:
        InputError: the manifest cannot be used.
    """
    table = read_manifest(path) if summary is None else read_prepared(path, summary)[0]
    counted = table[table["split"].isin(GROUPS)]
    trained, held_out = (sightings(counted[counted["split"] == split]).pid_N for split in GROUPS)
    return Training(sightings=sightings(counted), held_out_H=np.setdiff1d(held_out, trained))


def training_of_features(path: str | os.PathLike[str], *, seed: int) -> Training:
    """The groups train and val of a features.h5 made by another program, without their features.

    The identities of val that are not in train are held out; if there is no group train, a random half of val's.

    Args:
        seed: draws the held-out half.

    Raises:
        InputError: the file cannot be used, has neither group, or has an identity of train or val in query or gallery.
    """
    stored = feature_groups(path)
    present = [name for name in GROUPS if name in stored]
    if not present:
        raise InputError(
            f"{path}: has neither a group train nor a group val; add a group val with path, pid, camid, session and "
            "time of pictures of people who are not tested"
        )
    groups = {name: read_sightings(path, name) for name in present}
    counted = concatenate_sightings([groups[name] for name in present])
    tested = [read_sightings(path, name).pid_N for name in TESTED_GROUPS if name in stored]
    refuse_tested(counted.pid_N, np.concatenate([*tested, np.empty(0, np.int64)]), str(path))
    people = {name: np.unique(group.pid_N[group.pid_N > DISTRACTOR_PID]) for name, group in groups.items()}
    held_out_H = np.empty(0, np.int64)
    if present == ["val"]:
        held_out_H = np.sort(np.random.default_rng(seed).permutation(people["val"])[::2])
    elif "val" in present:
        held_out_H = np.setdiff1d(people["val"], people["train"])
    return Training(sightings=counted, held_out_H=held_out_H)
