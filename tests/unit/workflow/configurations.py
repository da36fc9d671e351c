"""A small configuration to try the plan with."""

from typing import Any

SECTIONS: dict[str, dict[str, Any]] = {
    "compute": {"device": "auto", "gpu_job_threads": 2, "scoring_threads": 8},
    "render": {"seed": 0},
    "prepare": {"holdout_identities": 0, "pack": False},
    "train": {
        "architecture": "pcb",
        "backbone": "resnet50",
        "epochs": 60,
        "start_weights": "imagenet",
        "processes": "auto",
    },
    "extract": {"unit": "auto", "shards": 1},
    "network": {"flip": "auto"},
    "inspect": {"units": 8},
    "histograms": {"sigma": 50},
    "joint": {"fusions": ["logistic", "likelihood"], "alpha": 5, "histograms_from": "own"},
    "rerank": {"k1": 20},
    "report": {"queries": 8, "time_unit": "frames", "units_per_second": 25, "seed": 0},
}


def make_config(**changes: Any) -> dict[str, Any]:
    """Two data sets, `a` and `b`, both tested with the model `pcb`; each section changed by an argument.

    `models` and `datasets` are laid over entry by entry, so that `datasets={"a": {"train": ...}}` keeps a's root.
    """
    config: dict[str, Any] = {name: {**values, **changes.get(name, {})} for name, values in SECTIONS.items()}
    entries = {name: {"format": "market1501", "root": f"data/{name}", "models": ["pcb"]} for name in "ab"}
    for name, change in changes.get("datasets", {}).items():
        entries[name] = {**entries.get(name, {}), **change}
    return {**config, "datasets": entries, "models": {"pcb": {}, **changes.get("models", {})}}
