"""histograms.h5: the tables learned from the training identities' times, checked when they are made and read.

Shape suffixes: C cameras, B bins, P = C (C - 1) / 2 unordered camera pairs, lower camera first, in the
order of `np.triu_indices(C, 1)`, S = 2 K + 1 signed bins, J windows, H held-out identities.
"""

import os
from dataclasses import dataclass, field
from typing import Any

import h5py
import numpy as np

from streid.arrays import FeatureArray, FloatArray, IntArray
from streid.errors import InputError
from streid.files.hdf5 import create_file, open_checked, stored_name, whole_numbers
from streid.files.time_bins import TimeBins

HISTOGRAMS_FORMAT = "streid-histograms"
HISTOGRAMS_VERSION = 3
HISTOGRAM_ATTRIBUTES = ("bin_width", "sigma", "identities", "sessions")
LIKELIHOOD_ATTRIBUTES = {
    "bin_width": int,
    "equal_bins": int,
    "neutral": float,
    "near": float,
    "apart": float,
    "identities": int,
    "identities_compared": int,
    "sessions": int,
    "pooling": float,
}
LIKELIHOOD_TABLES = {
    "cameras_C": np.int64,
    "same_PS": np.float32,
    "different_PS": np.float32,
    "identities_P": np.float64,
    "windows_J": np.float64,
    "weights_J": np.float64,
}
LEAST_DENSITY = 1e-12


@dataclass(frozen=True, kw_only=True, eq=False)
class Likelihood:
    """How likely a signed time difference is for the same person, and for different people.

    cameras_C: the cameras' numbers, ascending. same_PS, different_PS: for cameras a < b, how likely the signed bin
    k of t_b - t_a is within one session, at index K + k; the bins are `TimeBins` of `bin_width` (the data set's time
    unit), `equal_bins` and K.
    neutral: share of the neutral part of the log ratio's mixture; its logarithm is the log ratio's lower bound.
    near, apart: log ratio, same person to different people, of being seen within one session and in two.
    identities: training identities seen by two cameras within one session. identities_compared: those seen by two
    cameras in any sessions. identities_P: weight of the former for each camera pair, each at most 1.
    sessions: number of sessions in the counts. pooling: m; each pair's density is mixed with the density of all pairs,
    which has the weight of m identities. windows_J, weights_J: standard deviations of the Gaussian windows, in bins,
    and their shares.
    """

    cameras_C: IntArray
    same_PS: FeatureArray
    different_PS: FeatureArray
    identities_P: FloatArray
    bin_width: int
    neutral: float
    near: float
    apart: float
    identities: int
    identities_compared: int
    sessions: int
    pooling: float
    windows_J: FloatArray
    weights_J: FloatArray
    equal_bins: int = 0

    def __post_init__(self) -> None:
        _check_cameras(self.cameras_C, "likelihood")
        pairs = len(self.cameras_C) * (len(self.cameras_C) - 1) // 2
        for table_PS in (self.same_PS, self.different_PS):
            if table_PS.shape != self.same_PS.shape or table_PS.ndim != 2 or len(table_PS) != pairs:
                raise InputError(f"likelihood table has shape {table_PS.shape}, expected ({pairs}, signed bins)")
        if self.same_PS.shape[1] % 2 == 0:
            raise InputError(f"likelihood tables have {self.same_PS.shape[1]} signed bins; an odd number is needed")
        if self.identities_P.shape != (pairs,) or self.windows_J.shape != self.weights_J.shape:
            raise InputError("likelihood identities or windows do not fit the tables")
        numbers = (self.same_PS, self.different_PS, self.identities_P, self.windows_J, self.weights_J)
        if any(not np.isfinite(one).all() or one.min(initial=0) < 0 for one in numbers):
            raise InputError("likelihood densities, identities and windows must be finite and not negative")
        _ = self.bins  # raises an error for impossible bins
        if not 0 < self.neutral <= 1 or self.pooling < 0:
            raise InputError(f"likelihood neutral share {self.neutral} or pooling {self.pooling} is out of range")
        if not np.isfinite([self.near, self.apart, self.pooling]).all():
            raise InputError("likelihood log ratios of sessions must be finite")

    @property
    def says_nothing(self) -> bool:
        """Whether the log ratio is 0 everywhere because nothing was fitted."""
        return self.neutral == 1 and self.near == self.apart == 0

    @property
    def last_bin(self) -> int:
        """K, the last bin on either side; it also holds everything beyond."""
        return int(self.same_PS.shape[1]) // 2

    @property
    def bins(self) -> TimeBins:
        """The bins of the tables' columns."""
        return TimeBins(width=self.bin_width, last=self.last_bin, equal=self.equal_bins)

    def pair_log_ratios(self) -> FeatureArray:
        """log p(time difference | same person) / p(time difference | different people), sessions included.

        log((1 - neutral) same / different + neutral) + near.

        Returns:
            float32 (P, S), as the densities.
        """
        different_PS = np.maximum(self.different_PS.astype(np.float64), LEAST_DENSITY)
        ratios_PS = (1 - self.neutral) * self.same_PS / different_PS + self.neutral
        return (np.log(ratios_PS) + self.near).astype(np.float32)

    def log_ratios(self) -> FeatureArray:
        """The log ratios of `pair_log_ratios` for either order of the cameras.

        Returns:
            float32 (C, C, S): [camera a][camera b][K + k], k the bin of t_b - t_a. [b][a][K - k] is the same
            number. The same camera twice is 0.
        """
        cameras = len(self.cameras_C)
        low_P, high_P = np.triu_indices(cameras, 1)
        ratios_PS = self.pair_log_ratios()
        table_CCS = np.zeros((cameras, cameras, self.same_PS.shape[1]), np.float32)
        table_CCS[low_P, high_P] = ratios_PS
        table_CCS[high_P, low_P] = ratios_PS[:, ::-1]
        return table_CCS


def neutral_likelihood(cameras_C: IntArray | None = None, *, identities: int = 0, sessions: int = 0) -> Likelihood:
    """A likelihood without information: its log ratio is 0 everywhere."""
    cameras_C = np.empty(0, np.int64) if cameras_C is None else cameras_C
    pairs = len(cameras_C) * (len(cameras_C) - 1) // 2
    flat_PS = np.full((pairs, 3), 1 / 3, np.float32)
    return Likelihood(
        cameras_C=cameras_C,
        same_PS=flat_PS,
        different_PS=flat_PS,
        identities_P=np.zeros(pairs),
        bin_width=1,
        neutral=1.0,
        near=0.0,
        apart=0.0,
        identities=identities,
        identities_compared=identities,
        sessions=sessions,
        pooling=0.0,
        windows_J=np.empty(0),
        weights_J=np.empty(0),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class HeldOut:
    """A likelihood fitted without some training identities, on which the fusion's weight is chosen.

    likelihood: fitted on the others. pids_H: the identities left out, ascending.
    """

    likelihood: Likelihood
    pids_H: IntArray

    def __post_init__(self) -> None:
        if self.pids_H.ndim != 1 or not len(self.pids_H) or (np.diff(self.pids_H) <= 0).any():
            raise InputError("held-out identities must be listed once each, in ascending order")


@dataclass(frozen=True, kw_only=True, eq=False)
class Histograms:
    """st-ReID's spatial-temporal histograms (Wang et al., AAAI 2019, section 3.2) and the likelihood.

    cameras_C: the cameras' numbers, ascending; the tables' first two axes follow it.
    counts_CCB: identities counted, [later camera][earlier camera][bin of the time difference].
    density_CCB: each camera pair's Parzen-smoothed distribution over the bins.
    bin_width: in the data set's time unit. sigma: of the Gaussian window, in bins.
    identities, sessions: number of training identities and of sessions in the counts.
    likelihood: fitted on the same identities; neutral unless given. held_out: fitted without the held-out identities,
    if there are any. warnings: sentences about doubtful times of the training pictures, for the log and the report.
    """

    cameras_C: IntArray
    counts_CCB: IntArray
    density_CCB: FloatArray
    bin_width: float
    sigma: float
    identities: int
    sessions: int
    likelihood: Likelihood = field(default_factory=neutral_likelihood)
    held_out: HeldOut | None = None
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        cameras = len(self.cameras_C)
        for table in (self.counts_CCB, self.density_CCB):
            if table.ndim != 3 or table.shape[:2] != (cameras, cameras):
                raise InputError(f"histogram table has shape {table.shape}, expected ({cameras}, {cameras}, bins)")
        if self.counts_CCB.shape != self.density_CCB.shape:
            raise InputError("histogram counts and densities have different shapes")
        _check_cameras(self.cameras_C, "histogram")
        if not (0 < self.bin_width < np.inf and 0 < self.sigma < np.inf):
            raise InputError(f"histogram bin width {self.bin_width} and sigma {self.sigma} must be positive numbers")
        if (
            not np.isfinite(self.density_CCB).all()
            or min(self.density_CCB.min(initial=0), self.counts_CCB.min(initial=0)) < 0
        ):
            raise InputError("histogram counts and densities must be finite and not negative")


def _check_cameras(cameras_C: IntArray, what: str) -> None:
    if cameras_C.ndim != 1 or (np.diff(cameras_C) <= 0).any():
        raise InputError(f"{what} cameras are not in ascending order")


def write_histograms(path: str | os.PathLike[str], histograms: Histograms) -> None:
    """Write a histograms.h5, atomically."""
    attributes = {name: getattr(histograms, name) for name in HISTOGRAM_ATTRIBUTES}
    attributes["warnings"] = "\n".join(histograms.warnings)
    with create_file(path, HISTOGRAMS_FORMAT, HISTOGRAMS_VERSION, **attributes) as handle:
        handle.create_dataset("cameras", data=histograms.cameras_C)
        for name in ("counts", "density"):
            table = getattr(histograms, f"{name}_CCB")
            handle.create_dataset(name, data=table, compression="gzip")
        _store_likelihood(handle.create_group("likelihood"), histograms.likelihood)
        if histograms.held_out is not None:
            group = handle.create_group("held_out")
            _store_likelihood(group, histograms.held_out.likelihood)
            group.create_dataset("pids", data=histograms.held_out.pids_H)


def _store_likelihood(group: h5py.Group, likelihood: Likelihood) -> None:
    group.attrs.update({name: getattr(likelihood, name) for name in LIKELIHOOD_ATTRIBUTES})
    for name, dtype in LIKELIHOOD_TABLES.items():
        table = getattr(likelihood, name).astype(dtype)
        options: dict[str, Any] = {"compression": "gzip", "shuffle": True} if table.size else {}
        group.create_dataset(stored_name(name), data=table, **options)


def _load_likelihood(group: h5py.Group) -> Likelihood:
    tables = {name: group[stored_name(name)][:].astype(dtype) for name, dtype in LIKELIHOOD_TABLES.items()}
    tables["cameras_C"] = whole_numbers(group["cameras"])
    attributes = {name: kind(group.attrs[name]) for name, kind in LIKELIHOOD_ATTRIBUTES.items()}
    return Likelihood(**tables, **attributes)


def read_histograms(path: str | os.PathLike[str]) -> Histograms:
    """Read a histograms.h5.

    Raises:
        InputError: the file is missing, damaged, or of another format or version.
    """
    with open_checked(path, HISTOGRAMS_FORMAT, HISTOGRAMS_VERSION) as handle:
        held_out = None
        if "held_out" in handle:
            group = handle["held_out"]
            held_out = HeldOut(likelihood=_load_likelihood(group), pids_H=whole_numbers(group["pids"]))
        return Histograms(
            cameras_C=whole_numbers(handle["cameras"]),
            counts_CCB=whole_numbers(handle["counts"]),
            density_CCB=handle["density"][:].astype(np.float64),
            bin_width=float(handle.attrs["bin_width"]),
            sigma=float(handle.attrs["sigma"]),
            identities=int(handle.attrs["identities"]),
            sessions=int(handle.attrs["sessions"]),
            likelihood=_load_likelihood(handle["likelihood"]),
            held_out=held_out,
            warnings=tuple(str(handle.attrs["warnings"]).splitlines()),
        )
