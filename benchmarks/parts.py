"""What `scoring.py` times: one part in a process of its own, after a warm-up that compiles the kernels.

Shape suffixes: N pictures (queries, then gallery), D feature values, R rows and W columns of a block.
"""

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import naive
import scenes
from streid.files.histograms import Histograms
from streid.scoring.evaluation import Scene, query_blocks, rank_streams
from streid.scoring.fusion import Fusion, locate, logistic_fusion, take_moments
from streid.scoring.kernels import fuse_block
from streid.scoring.metrics import summarise
from streid.scoring.products import PairProducts
from streid.scoring.ranks import StreamRanker
from streid.scoring.rerank import rerank
from streid.scoring.rerank_settings import RerankSettings
from streid.spatiotemporal.travel_histograms import build_histograms

BLOCK = 2048
NAIVE_PICTURES = 600
RESAMPLES = 1000


def measure(part: str, size: scenes.Size, dimension: int) -> dict[str, Any]:
    """Seconds, peak memory beside the features in bytes, and figures of one part."""
    import torch  # loaded in every part: where streid prefers torch's products it takes them, as `bare` does

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    histograms = make_histograms(size)
    small = replace(size, queries=100, gallery=900, distractors=50, junk=50, identities=60)
    works: dict[str, Callable[[Scene], dict[str, float]]] = {
        "bare": lambda scene: multiply_all(scene.features_ND),
        "whole": lambda scene: whole(scene, histograms, "fp32"),
        "whole-bf16": lambda scene: whole(scene, histograms, "bf16"),
        "bare-joint": lambda scene: multiply_across(scene.features_ND, len(scene.query)),
        "joint": lambda scene: joint(scene, histograms),
        "streams": lambda scene: streams(scene, histograms),
        "naive": lambda scene: naively(scene, histograms),
    }
    work = works[part]
    if part == "naive":
        share = NAIVE_PICTURES / (size.queries + size.gallery)
        counts = {name: round(share * getattr(size, name)) for name in ("queries", "gallery", "distractors", "junk")}
        size = replace(size, **counts, identities=max(2, round(share * size.identities)))
    else:
        work(make_scene(small, 64))
    scene = make_scene(size, dimension)
    return timed(lambda: work(scene))


def timed(call: Callable[[], dict[str, float]]) -> dict[str, Any]:
    """Seconds of a call, by how much its peak resident memory passes what was there, and what it returns."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak starts anew
    before = _memory("VmRSS")
    started = time.perf_counter()
    figures = call()
    return {"seconds": time.perf_counter() - started, "memory": _memory("VmHWM") - before, **figures}


def make_scene(size: scenes.Size, dimension: int) -> Scene:
    """A simulated scene."""
    query, gallery, features_ND = scenes.simulate(size, dimension=dimension)
    return Scene(dataset="simulated", model="simulated", query=query, gallery=gallery, features_ND=features_ND)


def make_histograms(size: scenes.Size) -> Histograms:
    """The histograms of a simulated training set of the data set's size."""
    training = scenes.simulate_training(size)
    return build_histograms(training, bin_width=4 * size.ticks, max_bins=5000, sigma=50)


def histogram_seconds(lists: Path | None) -> dict[str, Any]:
    """Time of the histograms of a training set as large as Market-1501's, or of its real names in `lists`."""
    training = scenes.simulate_training(scenes.MARKET) if lists is None else scenes.listed_training(lists)
    build_histograms(training, bin_width=100, max_bins=5000, sigma=50)
    found = timed(lambda: {"bins": build_histograms(training, bin_width=100, max_bins=5000, sigma=50).counts_CCB.size})
    return {**found, "pictures": len(training)}


def multiply_all(features_ND: np.ndarray) -> dict[str, float]:
    """torch's float32 products of all pairs, block by block."""
    return multiply(features_ND, features_ND)


def multiply_across(features_ND: np.ndarray, queries: int) -> dict[str, float]:
    """torch's float32 products of query x gallery, block by block."""
    return multiply(features_ND[:queries], features_ND[queries:])


def multiply(first_ND: np.ndarray, second_ND: np.ndarray) -> dict[str, float]:
    """torch's float32 products of two sets of rows, in blocks whose memory is used again."""
    import torch

    room = torch.empty(BLOCK * BLOCK)
    first, second = torch.from_numpy(first_ND), torch.from_numpy(second_ND)
    for row in range(0, len(first), BLOCK):
        for column in range(0, len(second), BLOCK):
            rows_RD, columns_WD = first[row : row + BLOCK], second[column : column + BLOCK]
            shape = (len(rows_RD), len(columns_WD))
            torch.mm(rows_RD, columns_WD.T, out=room[: shape[0] * shape[1]].view(shape))
    return {}


def whole(scene: Scene, histograms: Histograms, precision: str) -> dict[str, float]:
    """All-pairs joint scores, re-ranking and figures, as rerank_scores.py computes them."""
    products = PairProducts(scene.features_ND, precision=precision)
    ranker = rerank(scene, logistic_fusion(histograms, 5.0), products, RerankSettings())
    return _figures(ranker, scene)


def joint(scene: Scene, histograms: Histograms) -> dict[str, float]:
    """The joint stream alone: query x gallery products, fused, ranked and measured."""
    fusion: Fusion = logistic_fusion(histograms, 5.0)
    products, queries = PairProducts(scene.features_ND), len(scene.query)
    pictures, gallery = locate(scene.everyone, fusion.cameras_C), slice(queries, len(products))
    ranker = StreamRanker(scene.query, scene.gallery)
    blocks = list(query_blocks(queries, len(scene.gallery)))
    room = np.empty((blocks[0].stop, len(scene.gallery)), np.float32)
    for rows in blocks:
        scores_QG = products.block(rows, gallery, room)
        moments = take_moments(pictures, rows), take_moments(pictures, gallery)
        fuse_block(scores_QG, *moments, fusion.rule, False, scores_QG)
        ranker.add(rows.start, scores_QG)
    return _figures(ranker, scene)


def streams(scene: Scene, histograms: Histograms) -> dict[str, float]:
    """All three streams and their figures, as evaluate_joint.py computes them."""
    products = PairProducts(scene.features_ND)
    rankers = rank_streams(scene, histograms, logistic_fusion(histograms, 5.0), products)
    return [_figures(ranker, scene) for ranker in rankers.values()][-1]


def naively(scene: Scene, histograms: Histograms) -> dict[str, float]:
    """All of it with dense matrices and Python loops, on NAIVE_PICTURES."""
    return {"mAP": naive.rerank_naively(scene.query, scene.gallery, scene.features_ND, histograms)}


def _figures(ranker: StreamRanker, scene: Scene) -> dict[str, float]:
    figures = summarise(ranker.outcomes, scene.query.pid_N, resamples=RESAMPLES, seed=0)
    return {"rank1": figures["rank1"], "mAP": figures["mAP"]}


def _memory(name: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))
