"""Features made by another program, checked against the manifest of their data set.

Shape suffix: N pictures or tracklets.
"""

import logging
import os

import numpy as np

from streid.data.limits import find_unmatched
from streid.data.manifest import Origin, read_manifest
from streid.data.units import make_units
from streid.errors import InputError
from streid.files.features import FeatureSet, feature_groups, largest_of_rows, read_features, refuse_zero_rows
from streid.files.sightings import SIGHTING_FIELDS, Sightings

logger = logging.getLogger(__name__)

TESTED, HELD_OUT = ("query", "gallery"), "val"


def read_imported(path: str | os.PathLike[str], manifest: str | os.PathLike[str]) -> FeatureSet:
    """Read a features.h5 whose rows are the manifest's pictures, or its tracklets if its `unit` is tracklet.

    All units of query and gallery must be there, in any order, and all units of val or none. Other groups are ignored.

    Raises:
        InputError: a file is missing or damaged, the rows are not the manifest's, a row is all zeros, or no query has
            a right match.
    """
    table = read_manifest(manifest)
    for warning in find_unmatched(table, Origin(path=manifest)):
        logger.warning("%s: %s", manifest, warning)
    found = feature_groups(path)
    features = read_features(path, [*TESTED, *([HELD_OUT] if HELD_OUT in found else [])])
    for name, group in features.groups.items():
        expected = make_units(table[table["split"] == name], features.unit).sightings
        _refuse_other_rows(group.sightings, expected, f"{path}: group {name}")
        refuse_zero_rows(largest_of_rows(group.features_ND), f"{path}: group {name}")
    return features


def _refuse_other_rows(found: Sightings, expected: Sightings, where: str) -> None:
    """Refuse rows that are not the expected ones, each once."""
    rows = {path: row for row, path in enumerate(found.path_N)}
    if len(rows) < len(found):
        raise InputError(f"{where}: {len(found) - len(rows)} rows repeat another row's path; give each picture one row")
    wanted = set(expected.path_N)
    strange = [path for path in rows if path not in wanted]
    if strange:
        raise InputError(
            f"{where}: {len(strange)} rows are not in this split of the manifest (first: {strange[0]}); a row's "
            "path must be that in the manifest, for a tracklet that of its first picture"
        )
    missing = [path for path in expected.path_N if path not in rows]
    if missing:
        raise InputError(
            f"{where}: {len(missing)} of the manifest's {len(expected)} rows have no features (first: {missing[0]})"
        )
    order_N = np.array([rows[path] for path in expected.path_N], np.int64)
    for field in SIGHTING_FIELDS:
        given_N, expected_N = getattr(found, f"{field}_N")[order_N], getattr(expected, f"{field}_N")
        if (given_N != expected_N).any():
            row = int(np.flatnonzero(given_N != expected_N)[0])
            raise InputError(
                f"{where}: {field} of {expected.path_N[row]} is {given_N[row]}, in the manifest {expected_N[row]}; "
                "take everything but the features from the manifest"
            )
