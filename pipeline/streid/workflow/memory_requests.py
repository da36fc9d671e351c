"""The megabytes that each rule's job asks for: what `memory` says of the sizes known before it starts.

What a job reads that is still to be made has a size that is guessed; Snakemake asks again before the job starts. The
functions have the names of the rules.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streid.workflow import memory
from streid.workflow.job_resources import training_processes
from streid.workflow.plan import TOGETHER, Plan

SPLITS = ("train", "val", "query", "gallery")
GUESSED_COUNTS = {"train": 20_000, "val": 0, "query": 5_000, "gallery": 25_000, "cameras": 10}
GUESSED_VALUES = 2048
GUESSED_INPUT = (384, 192)  # of a network whose file says its size
LEAST_ROW_BYTES = 30  # of a row of a manifest
GUESSED_RANKINGS = 4 * memory.RANKED_BYTES  # of a query: one fusion's streams
SCORED = ("query", "gallery", "val")
BF16_CANDIDATES = 4


@dataclass(frozen=True, kw_only=True)
class Job:
    """A job to be planned: its wildcards, its input files by name (each a path or a list of paths), its threads."""

    plan: Plan
    wildcards: Mapping[str, str]
    files: Any
    threads: int

    @property
    def dataset(self) -> str:
        """Its data set."""
        return self.wildcards["dataset"]

    @property
    def model(self) -> str:
        """Its model."""
        return self.wildcards["model"]

    def settings(self, section: str) -> dict[str, Any]:
        """The section's settings for its data set and model."""
        return self.plan.settings(section, self.dataset, self.wildcards.get("model"))

    def network(self) -> dict[str, Any]:
        """The settings that its model's network was trained with."""
        return self.plan.settings("train", *self.plan.training_of(self.dataset, self.model))

    def sample(self, frames: int) -> dict[str, int]:
        """Pixels of one input of the network with so many frames, and what its channel attention attends to."""
        network = self.network()
        attends = network["architecture"] == "stcanet"
        return {
            "pixels": network["height"] * network["width"] * frames,
            "attended": memory.attended_cells(frames=frames) if attends else 0,
        }

    def weights(self) -> int:
        """Bytes of its weights' file; of one still to be trained, those of its network."""
        return self.bytes_of("model", guess=memory.network_weights(self.network()["backbone"]))

    def bytes_of(self, *names: str, guess: int = 0) -> int:
        """Bytes of all files of these inputs; `guess` for each that is not there."""
        return sum(_bytes(Path(path), guess) for name in names for path in _listed(getattr(self.files, name)))


def render_demo(job: Job) -> int:
    """By the processes that draw."""
    return memory.rendering(processes=job.threads)


def prepare_dataset(job: Job) -> int:
    """By the size of the user's own manifest, or the pictures that were counted the last time."""
    own = job.plan.datasets[job.dataset].get("manifest")
    rows = _bytes(Path(own), 0) // LEAST_ROW_BYTES if own else 0
    return memory.preparing(pictures=rows or _pictures(job), threads=job.threads)


def build_histograms(job: Job) -> int:
    """By pictures, cameras and bins."""
    bins = job.settings("histograms")["max_bins"]
    return memory.counting(pictures=_pictures(job), cameras=_counts(job)["cameras"], bins=bins)


def train_appearance(job: Job) -> int:
    """By the network, the batch and the processes."""
    train = job.settings("train")
    start = sum(_bytes(Path(path), 0) for path in job.plan.start_weights(job.dataset, job.model))
    return _on_any_device(
        job,
        memory.training,
        backbone=train["backbone"],
        weights=memory.network_weights(train["backbone"], start),
        **job.sample(train["frames"]),
        batch_size=train["batch_size"],
        workers=train["workers"],
        processes=training_processes(job.plan, job.dataset, job.model),
        optimizer=train["optimizer"],
        average=train["ema_decay"] > 0,
        compiled=train["compile"],
        pictures=_pictures(job),
        held_out=_counts(job)["val"] if train["validate_every"] else 0,
    )


def extract_features(job: Job) -> int:
    """By the weights' file, or the network that is still to be trained, and the batch."""
    extract = job.settings("extract")
    if job.plan.network_of(job.model):
        size = job.settings("network")
        return _on_any_device(
            job,
            memory.extracting,
            weights=job.bytes_of("model"),
            pixels=(size["height"] or GUESSED_INPUT[0]) * (size["width"] or GUESSED_INPUT[1]),
            batch_size=extract["batch_size"],
            workers=extract["workers"],
            pictures=_pictures(job),
        )
    network = job.network()
    return _on_any_device(
        job,
        memory.extracting,
        weights=job.weights(),
        **job.sample(network["frames"]),
        batch_size=max(1, extract["batch_size"] // network["frames"]),
        workers=extract["workers"],
        pictures=_pictures(job),
    )


def export_model(job: Job) -> int:
    """By the weights' file, or the network that is still to be trained, and the input's size."""
    return memory.exporting(weights=job.weights(), **job.sample(job.network()["frames"]))


def inspect_model(job: Job) -> int:
    """By the weights' file, or the network that is still to be trained, and one input."""
    return _on_any_device(
        job,
        memory.inspecting,
        weights=job.weights(),
        **job.sample(job.network()["frames"]),
        units=job.settings("inspect")["units"],
        pictures=_pictures(job),
    )


def merge_features(job: Job) -> int:
    """By the rows: the features pass through in blocks."""
    return memory.merging(pictures=_pictures(job), values=_values(map(feature_shapes, _listed(job.files.shards))))


def import_features(job: Job) -> int:
    """By the features' float32 values."""
    return memory.importing(features=_scored_bytes(job, _listed(job.files.made)[0]), pictures=_pictures(job))


def evaluate_joint(job: Job) -> int:
    """By queries, gallery and the features' length."""
    return _on_any_device(job, memory.evaluating, **_scored(job))


def rerank_scores(job: Job) -> int:
    """As `evaluate_joint`, and by how many neighbours are kept."""
    rerank = job.settings("rerank")
    return _on_any_device(
        job,
        memory.reranking,
        **_scored(job),
        k1=rerank["k1"],
        k2=rerank["k2"],
        candidates=BF16_CANDIDATES if rerank["precision"] == "bf16" else 1,
        block_rows=rerank["block_rows"],
    )


def write_explorer(job: Job) -> int:
    """By the largest features, which are held one after the other, and all rankings."""
    return memory.exploring(
        features=max(_scored_bytes(job, path) for path in _listed(job.files.features)),
        rankings=_rankings(job),
        pictures=_pictures(job),
        page_mb=job.settings("explorer")["megabytes"],
    )


def write_report(job: Job) -> int:
    """By all rankings and the number of runs."""
    runs = len(_listed(job.files.scores))
    return memory.reporting(rankings=_rankings(job), pictures=_pictures(job), runs=runs)


def _on_any_device(job: Job, needed: Callable[..., int], **sizes: Any) -> int:
    """The most that is needed on the devices that the job may find itself on."""
    devices = {"cpu": (False,), "cuda": (True,)}.get(job.plan.compute["device"], (False, True))
    return max(needed(**sizes, gpu=gpu) for gpu in devices)


def _rankings(job: Job) -> int:
    guess = _counts(job)["query"] * GUESSED_RANKINGS
    return job.bytes_of("scores", "reranked", guess=guess)


def _counts(job: Job) -> dict[str, int]:
    """Pictures of each split, and cameras, of the job's data set or of those that it trains on together."""
    parts = [_counts_of(dataset) for dataset in job.dataset.split(TOGETHER)]
    return {name: sum(part[name] for part in parts) for name in GUESSED_COUNTS}


def _counts_of(dataset: str) -> dict[str, int]:
    """The same of one data set by its dataset.json; a guess where it is not there or cannot be used."""
    try:
        summary = json.loads(Path(f"results/{dataset}/dataset.json").read_text(encoding="utf-8"))
        pictures = {split: int(counted["pictures"]) for split, counted in summary["counts"].items()}
        return {**dict.fromkeys(SPLITS, 0), **pictures, "cameras": len(summary["cameras"])}
    except (AttributeError, KeyError, OSError, TypeError, ValueError):
        return GUESSED_COUNTS


def _pictures(job: Job) -> int:
    counts = _counts(job)
    return sum(counts[split] for split in SPLITS)


def _scored(job: Job) -> dict[str, int]:
    """Rows of query, gallery and val, and values of a row, of a job's features."""
    rows, values = _rows_and_values(job, _listed(job.files.features)[0])
    sizes = dict(zip(("queries", "gallery", "held_out"), (rows.get(name, 0) for name in SCORED), strict=True))
    return {**sizes, "values": values}


def _scored_bytes(job: Job, path: str) -> int:
    """Bytes of a file's features as float32."""
    rows, values = _rows_and_values(job, path)
    return sum(rows.get(name, 0) for name in SCORED) * values * memory.FLOAT


def _rows_and_values(job: Job, path: str) -> tuple[dict[str, int], int]:
    """Rows of each group of a features.h5, and values of a row; guesses where it is not there."""
    shapes = feature_shapes(path)
    return {name: rows for name, (rows, _) in shapes.items()} or _counts(job), _values([shapes])


def _values(files: Iterable[Mapping[str, tuple[int, int]]]) -> int:
    """Values of a row of features or shards, of their `feature_shapes`; a guess where none is there."""
    return max((length for shapes in files for _, length in shapes.values()), default=GUESSED_VALUES)


def feature_shapes(path: str) -> dict[str, tuple[int, int]]:
    """Rows and values per row of each group of a features.h5 or a shard; empty where it cannot be read yet.

    Only the headers are read. The stage that reads a file reports what is wrong with it.
    """
    if not Path(path).is_file():
        return {}
    import h5py

    try:
        with h5py.File(path, "r") as handle:
            return {
                name: (int(rows), int(values)) for name in handle for rows, values in [handle[name]["features"].shape]
            }
    except (AttributeError, KeyError, OSError, RuntimeError, TypeError, ValueError):  # what h5py makes of damage
        return {}


def _bytes(path: Path, guess: int) -> int:
    return path.stat().st_size if path.is_file() else guess


def _listed(files: Any) -> list[str]:
    """An input's paths: of one path a list of one."""
    return [files] if isinstance(files, str) else list(files)
