"""Some identities' features in two dimensions, by t-SNE (van der Maaten and Hinton, JMLR 2008).

Shape suffixes: N rows of both groups together, M chosen rows, D feature values.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from sklearn.manifold import TSNE

from streid.arrays import FeatureArray, IntArray
from streid.errors import InputError
from streid.files.features import FEATURES_FORMAT
from streid.files.hdf5 import open_checked
from streid.files.sightings import DISTRACTOR_PID, Sightings, concatenate_sightings
from streid.reporting.figures.charts import Chart, draw_chart
from streid.reporting.palette import MUTED
from streid.reporting.runs import ModelRun

GROUPS = ("query", "gallery")
IDENTITIES, MOST_ROWS = 12, 24
LEAST_ROWS = 8
PERPLEXITY = 30
SIZE = (420, 420)
# Visible on light and on dark paper; the chart also names the identities.
COLOURS = (
    "#2a7fc9",
    "#d9541e",
    "#2a9d4e",
    "#c43b5c",
    "#8e5bc0",
    "#a0694f",
    "#d6589f",
    "#8a8f1d",
    "#16a3b8",
    "#c08a1e",
    "#6b78ee",
    "#7b8794",
)
MARKERS = "os^DvPX<>*hp"


@dataclass(frozen=True, kw_only=True, eq=False)
class Neighbourhood:
    """Rows of a model's features in two dimensions: identity and camera of each, and its place."""

    pid_M: IntArray
    camid_M: IntArray
    places_M2: FeatureArray


def choose_rows(sightings: Sightings, seed: int) -> npt.NDArray[np.int64]:
    """Rows of some identities, ascending; identities seen by several cameras are preferred.

    At most `IDENTITIES` are drawn with `seed`, and for each at most `MOST_ROWS` of its rows, at even steps.
    """
    known_N = sightings.pid_N > DISTRACTOR_PID
    pids = np.unique(sightings.pid_N[known_N])
    drawn = np.random.default_rng(seed).permutation(pids)
    cameras = {int(pid): len(np.unique(sightings.camid_N[sightings.pid_N == pid])) for pid in drawn}
    several_first = sorted(cameras, key=lambda pid: cameras[pid] < 2)
    rows = []
    for pid in several_first[:IDENTITIES]:
        own = np.flatnonzero(sightings.pid_N == pid)
        kept = min(len(own), MOST_ROWS)
        rows.append(own[np.arange(kept) * len(own) // kept])
    return np.sort(np.concatenate([np.empty(0, np.int64), *rows]))


def read_rows(path: Path, lengths: Sequence[int], rows_M: npt.NDArray[np.int64]) -> FeatureArray:
    """Some feature rows (M, D) of query and gallery.

    Args:
        lengths: number of rows of the two groups.
        rows_M: rows to read, ascending; the gallery's follow the queries'.

    Raises:
        InputError: the file is missing, damaged or of another format, or a feature is not finite.
    """
    split = int(np.searchsorted(rows_M, lengths[0]))
    with open_checked(path, FEATURES_FORMAT) as handle:
        parts = [
            handle[group]["features"][rows].astype(np.float32)
            for group, rows in zip(GROUPS, (rows_M[:split], rows_M[split:] - lengths[0]), strict=True)
        ]
        features_MD: FeatureArray = np.concatenate(parts)
        if not np.isfinite(features_MD).all():
            raise InputError("a feature is not finite; extract them again")
    return features_MD


def find_neighbourhood(run: ModelRun, seed: int) -> Neighbourhood | None:
    """Reduce some identities' features to two dimensions; None if there are too few or all are equal.

    Raises:
        InputError: features.h5 cannot be used.
    """
    sightings = concatenate_sightings([run.query, run.gallery])
    rows_M = choose_rows(sightings, seed)
    if len(rows_M) < LEAST_ROWS:
        return None
    features_MD = read_rows(run.folder / "features.h5", (len(run.query), len(run.gallery)), rows_M)
    lengths_M1 = np.linalg.norm(features_MD, axis=1, keepdims=True)
    unit_MD = features_MD / np.maximum(lengths_M1, np.finfo(np.float32).tiny)
    if not np.ptp(unit_MD, axis=0).any():
        return None
    perplexity = min(PERPLEXITY, (len(rows_M) - 1) / 3)
    places_M2 = TSNE(perplexity=perplexity, init="pca", method="exact", random_state=seed).fit_transform(unit_MD)
    return Neighbourhood(
        pid_M=sightings.pid_N[rows_M], camid_M=sightings.camid_N[rows_M], places_M2=places_M2.astype(np.float32)
    )


def plot_neighbourhood(name: str, found: Neighbourhood) -> Chart:
    """The features' places, a colour and name for each identity, a marker for each camera."""
    pids, cameras = np.unique(found.pid_M), np.unique(found.camid_M)

    def paint(axes: Axes) -> None:
        for number, pid in enumerate(pids):
            for place, camera in enumerate(cameras):
                rows_M = (found.pid_M == pid) & (found.camid_M == camera)
                axes.plot(
                    *found.places_M2[rows_M].T,
                    MARKERS[place % len(MARKERS)],
                    color=COLOURS[number % len(COLOURS)],
                    markersize=4.5,
                    alpha=0.85,
                    markeredgewidth=0,
                )
        for pid in pids:
            place_2 = np.median(found.places_M2[found.pid_M == pid], axis=0)
            axes.annotate(str(pid), place_2, (0, 12), textcoords="offset points", fontweight="bold", ha="center")
        for place, camera in enumerate(cameras):
            marker = MARKERS[place % len(MARKERS)]
            axes.plot([], [], marker, color=MUTED, markersize=5, label=f"camera {camera}")
        axes.spines[:].set_visible(False)
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_aspect("equal", adjustable="datalim")
        columns = min(4, len(cameras))
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.01), ncols=columns, frameon=False, handletextpad=0.2)

    own = _own_neighbours(found)
    alt = (
        f"t-SNE of {len(found.pid_M)} features of {len(pids)} identities by {name}; the nearest other point is of the "
        f"same identity for {100 * own:.0f} %."
    )
    return draw_chart(name=f"tsne_{name}", title=name, alt=alt, size=SIZE, paint=paint)


def _own_neighbours(found: Neighbourhood) -> float:
    """Share of the points whose nearest other one is of the same identity."""
    differences = found.places_M2[:, None] - found.places_M2
    distances_MM = (differences**2).sum(axis=2)
    np.fill_diagonal(distances_MM, np.inf)
    return float((found.pid_M[distances_MM.argmin(axis=1)] == found.pid_M).mean())
