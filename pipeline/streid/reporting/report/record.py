"""report.json: everything the report says in numbers, the same bytes for the same inputs."""

import subprocess
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from platform import python_version
from typing import Any

from streid.files.histograms import Histograms
from streid.reporting.report.transfers import list_transfers
from streid.reporting.runs import ModelRun, final_epoch

REPORT_FORMAT, REPORT_VERSION = "streid-report", 2
PACKAGES = (
    "h5py",
    "matplotlib",
    "numba",
    "numpy",
    "pandas",
    "pillow",
    "scikit-learn",
    "scipy",
    "snakemake",
    "torch",
    "torch-geometric",
    "torchvision",
)


def build_record(
    *,
    dataset: str,
    summary: Mapping[str, Any],
    histograms: Histograms,
    runs: Sequence[ModelRun],
    foreign: Mapping[str, str],
    configuration: Mapping[str, Any],
    seed: int,
    commit: str | None,
) -> dict[str, Any]:
    """The content of report.json. It holds no times, durations or absolute paths of its own.

    Args:
        foreign: models whose scores use another data set's histograms -> that set's name.
    """
    return {
        "format": REPORT_FORMAT,
        "version": REPORT_VERSION,
        "dataset": dataset,
        "data": dict(summary),
        "models": {
            run.name: {
                "fusions": {
                    name: {"scores": fusion.scores, "reranked": fusion.reranked} for name, fusion in run.fusions.items()
                },
                "training": final_epoch(run.history),
            }
            for run in runs
        },
        "transfers": list_transfers(dataset, runs, foreign),
        "histograms": {
            "bin_width": histograms.bin_width,
            "bins": histograms.counts_CCB.shape[2],
            "sigma": histograms.sigma,
            "cameras": histograms.cameras_C.tolist(),
            "identities": histograms.identities,
            "sessions": histograms.sessions,
            "counted": int(histograms.counts_CCB.sum()),
            "warnings": list(histograms.warnings),
        },
        "likelihood": describe_likelihood(histograms),
        "configuration": dict(configuration),
        "versions": installed_versions(),
        "seed": seed,
        "git": commit,
    }


def describe_likelihood(histograms: Histograms) -> dict[str, Any]:
    """How the likelihood fusion's densities were fitted; held_out: how many identities its weight is chosen on."""
    likelihood, held_out = histograms.likelihood, histograms.held_out
    return {
        "bin_width": likelihood.bin_width,
        "equal_bins": likelihood.equal_bins,
        "bins": likelihood.same_PS.shape[1],
        "windows": likelihood.windows_J.tolist(),
        "window_shares": likelihood.weights_J.tolist(),
        "pooling": likelihood.pooling,
        "neutral": likelihood.neutral,
        "near": likelihood.near,
        "apart": likelihood.apart,
        "identities": likelihood.identities,
        "sessions": likelihood.sessions,
        "held_out": 0 if held_out is None else len(held_out.pids_H),
    }


def installed_versions() -> dict[str, str]:
    """The versions of Python and of those of `PACKAGES` that are installed."""
    versions = {"python": python_version()}
    for package in PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return versions


def git_state(folder: Path) -> str | None:
    """The commit checked out at `folder`, with `-dirty` behind it when tracked files differ; None without git."""
    command = ["git", "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None
