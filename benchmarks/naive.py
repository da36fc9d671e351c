"""Re-ranking and its figures with dense matrices and Python loops, as most public code has it.

Shape suffixes: N pictures (queries, then gallery), Q queries, G gallery pictures, D feature values.
"""

import math

import numpy as np

from streid.arrays import FeatureArray, FloatArray
from streid.files.histograms import Histograms
from streid.files.sightings import Sightings, concatenate_sightings


def rerank_naively(
    query: Sightings, gallery: Sightings, features_ND: FeatureArray, histograms: Histograms, alpha: float = 5.0
) -> float:
    """The mean average precision (trapezoid rule) of st-ReID's re-ranked joint score; k1 20, k2 6, lambda 0.3."""
    scores_NN = joint_scores(concatenate_sightings((query, gallery)), features_ND, histograms, alpha)
    distance_QG = final_distances(scores_NN, len(query))
    precisions = [average_precision(query, gallery, row, distance_QG[row]) for row in range(len(query))]
    return float(np.mean([one for one in precisions if one is not None]))


def joint_scores(pictures: Sightings, features_ND: FeatureArray, histograms: Histograms, alpha: float) -> FloatArray:
    """The logistic joint score of each picture (row) asking each (column), one pair after the other."""
    cosines_NN = features_ND @ features_ND.T
    row_of = {int(camid): row for row, camid in enumerate(histograms.cameras_C)}
    camera, session = [row_of.get(int(one), -1) for one in pictures.camid_N], pictures.session_N.tolist()
    time, density, bins = pictures.time_N.tolist(), histograms.density_CCB, histograms.density_CCB.shape[2]
    scores_NN = np.empty(cosines_NN.shape)
    for i in range(len(time)):
        for j in range(len(time)):
            p = 0.0
            if min(camera[i], camera[j], time[i], time[j]) >= 0 and session[i] == session[j]:
                later, earlier = (camera[i], camera[j]) if time[i] > time[j] else (camera[j], camera[i])
                step = int(abs(time[i] - time[j]) // histograms.bin_width)
                p = density[later, earlier, step] if step < bins else 0.0
            scores_NN[i, j] = 1 / (1 + math.exp(-alpha * cosines_NN[i, j])) / (1 + 2 * math.exp(-alpha * p))
    return scores_NN


def final_distances(scores_NN: FloatArray, queries: int, k1: int = 20, k2: int = 6, lambda_: float = 0.3) -> FloatArray:
    """The re-ranked distances (Q, G)."""
    distance_NN = 2 - 2 * scores_NN
    distance_NN = (distance_NN / distance_NN.max(axis=0)).T
    order_NN = np.argsort(distance_NN, axis=1)
    total = len(order_NN)
    shares_NN = np.zeros_like(distance_NN)
    for i in range(total):
        near = _reciprocal(order_NN, i, k1)
        members = near
        for candidate in near:
            more = _reciprocal(order_NN, candidate, round(k1 / 2))
            if len(np.intersect1d(more, near)) > 2 / 3 * len(more):
                members = np.append(members, more)
        members = np.unique(members)
        weights = np.exp(-distance_NN[i, members])
        shares_NN[i, members] = weights / weights.sum()
    shares_NN = np.array([shares_NN[order_NN[i, :k2]].mean(axis=0) for i in range(total)])
    owners = [np.flatnonzero(shares_NN[:, i]) for i in range(total)]
    jaccard_QN = np.empty((queries, total))
    for q in range(queries):
        minima_N = np.zeros(total)
        for member in np.flatnonzero(shares_NN[q]):
            rows = owners[member]
            minima_N[rows] += np.minimum(shares_NN[q, member], shares_NN[rows, member])
        jaccard_QN[q] = 1 - minima_N / (2 - minima_N)
    final_QG: FloatArray = ((1 - lambda_) * jaccard_QN + lambda_ * distance_NN[:queries])[:, queries:]
    return final_QG


def average_precision(query: Sightings, gallery: Sightings, row: int, distance_G: FloatArray) -> float | None:
    """One query's average precision from its sorted list; None without a right match."""
    same_G = gallery.pid_N == query.pid_N[row]
    ignored_G = (same_G & (gallery.camid_N == query.camid_N[row])) | (gallery.pid_N == -1)
    order = np.argsort(distance_G)
    hits = same_G[order[~ignored_G[order]]]
    if not hits.any():
        return None
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    before = np.concatenate(([1.0], precision[:-1]))
    return float(((precision + before) / 2)[hits].mean())


def _reciprocal(order_NN: "np.ndarray[tuple[int, int], np.dtype[np.int64]]", i: int, k: int) -> "np.ndarray":
    forward = order_NN[i, : k + 1]
    backward = order_NN[forward, : k + 1]
    return forward[np.where(backward == i)[0]]
