"""k-reciprocal re-ranking of joint scores, in sparse form and block by block.

Source: Zhong et al., CVPR 2017, in st-ReID's variant: the distance d(i, j) in row i is 2 - 2 S(j, i), divided by the
row's largest; S(j, i) is the joint score with j as the query. A joint score can exceed 1, which would make that
negative: a row with such scores has 2 S(best, i) - 2 S(j, i) instead, so the best is at distance 0 and the others keep
their order. Comparisons of all pictures use neighbour lists and sparse rows; only query x gallery scores are dense.

Shape suffixes: N pictures (queries, then gallery), K kept neighbours, P stored entries, Q queries, the first A of
them, G gallery pictures.
"""

import logging
import time
from collections.abc import Iterator

import numpy as np
from scipy import sparse

from streid.arrays import FeatureArray, FloatArray, IntArray
from streid.scoring.compilation import Int32Array, Moments, Rule
from streid.scoring.evaluation import Scene, query_blocks
from streid.scoring.fusion import Fusion, locate, take_moments
from streid.scoring.kernels import fuse_block
from streid.scoring.neighbours import PAIR_BATCH, Neighbours, find_neighbours, first_of, score_again, score_pairs
from streid.scoring.products import PairProducts
from streid.scoring.ranks import StreamRanker
from streid.scoring.reciprocal import (
    RowScales,
    expanded_counts,
    expanded_members,
    known_scores,
    mutual_places,
    put_known,
    rerank_block,
    soft_memberships,
)
from streid.scoring.rerank_settings import RerankSettings

logger = logging.getLogger(__name__)
CANDIDATES = 4
KEPT_BYTES = 1 << 31
ROUNDING = np.float32(1e-5)  # rounding can make the cosine of a picture with itself larger than 1, by less than this


def rerank(scene: Scene, fusion: Fusion, products: PairProducts, settings: RerankSettings) -> StreamRanker:
    """Rank the gallery for every query by re-ranked distance; the score is its negative."""
    ranker = StreamRanker(scene.query, scene.gallery)
    for first, scores_QG in rerank_blocks(scene, fusion, products, settings):
        ranker.add(first, scores_QG)
    return ranker


def rerank_blocks(
    scene: Scene, fusion: Fusion, products: PairProducts, settings: RerankSettings
) -> Iterator[tuple[int, FeatureArray]]:
    """Negative re-ranked distances of every query to the whole gallery (higher is better), block by block.

    Identities are not read. Where there are fewer pictures than k1 + 1, each has all pictures as neighbours. The first
    queries' cosines are kept from the all-pairs pass, up to KEPT_BYTES; the others' are computed again.

    With bf16, CANDIDATES times as many neighbours as needed are found with bf16 products and scored again in float32.
    So the lists, the memberships, and a query's distances to its candidates are exact to float32. Only the distances to
    pictures farther away, and the largest distance of each row, keep the rounding of bf16, about 1e-4 of a cosine.

    Yields:
        Row of the block's first query, and the block (Q, G), whose memory may be used again for the next one.
    """
    pictures = locate(scene.everyone, fusion.cameras_C)
    started = time.perf_counter()
    count = max(settings.k1 + 1, settings.k2)
    queries, total = len(scene.query), len(products)
    blocks = list(query_blocks(queries, total - queries, settings.block_rows))
    kept = max((rows.stop for rows in blocks if 4 * rows.stop * (total - queries) <= KEPT_BYTES), default=0)
    cosines_AG = np.empty((kept, total - queries), np.float32)
    candidates = find_neighbours(
        products,
        pictures,
        fusion.rule,
        count=count * (CANDIDATES if products.precision == "bf16" else 1),
        block_rows=settings.block_rows,
        cosines_AG=cosines_AG,
    )
    if products.precision == "bf16":
        candidates = score_again(candidates, products.features_ND, pictures, fusion.rule)
    neighbours = first_of(candidates, count)
    logger.info("nearest %d of %d pictures: %.1f s", settings.k1, len(products), time.perf_counter() - started)
    started = time.perf_counter()
    scales = row_scales(neighbours)
    sharp = membership_matrix(products.features_ND, pictures, fusion.rule, neighbours, settings)
    memberships = averaging_matrix(neighbours, scene.everyone.camid_N, settings) @ sharp
    logger.info("memberships: %d values, %.1f s", memberships.nnz, time.perf_counter() - started)
    started = time.perf_counter()
    gallery_V = memberships[queries:].tocsc()
    room = np.empty((blocks[0].stop, total - queries), np.float32) if kept < queries else None
    for rows in blocks:
        gallery = slice(queries, total)
        scores_QG = cosines_AG[rows] if rows.stop <= kept else products.rough_block(rows, gallery, room)
        query_moments, gallery_moments = take_moments(pictures, rows), take_moments(pictures, gallery)
        fuse_block(scores_QG, query_moments, gallery_moments, fusion.rule, True, scores_QG)
        put_known(scores_QG, candidates.indices_NK[rows], candidates.scores_NK[rows], queries)
        own = RowScales(*(column_N[rows] for column_N in scales))
        rerank_block(scores_QG, own, _parts(memberships[rows]), _parts(gallery_V), settings.lambda_)
        yield rows.start, scores_QG
    logger.info("final distances of %d queries: %.1f s", queries, time.perf_counter() - started)


def row_scales(neighbours: Neighbours) -> RowScales:
    """For each picture's row: the score at distance 0, and the largest distance, by which the row is divided."""
    best_N = neighbours.scores_NK[:, 0]
    nearest_N = np.where(best_N > 1 + ROUNDING, best_N, np.float32(1))
    farthest_N = np.float32(2) * nearest_N - np.float32(2) * neighbours.lowest_N
    return RowScales(nearest_N=nearest_N, farthest_N=np.where(farthest_N > 0, farthest_N, np.float32(1)))


def membership_matrix(
    features_ND: FeatureArray, pictures: Moments, rule: Rule, neighbours: Neighbours, settings: RerankSettings
) -> sparse.csr_array:
    """How much each picture (column) belongs to each picture's (row) expanded k-reciprocal neighbours.

    R(p, k): those of the first k + 1 neighbours of p that have p among their own first k + 1. R*(p): the union of
    R(p, k1) and every R(c, round(k1 / 2)), c in R(p, k1), of which more than 2/3 lie in R(p, k1). The value is
    exp(-d(p, .)) on R*(p), scaled to sum 1.

    Returns:
        float32 (N, N), sparse rows.
    """
    total = len(neighbours.indices_NK)
    indices_NK = np.ascontiguousarray(neighbours.indices_NK[:, : settings.k1 + 1])
    half = min(round(settings.k1 / 2) + 1, indices_NK.shape[1])
    places_NK = mutual_places(indices_NK)
    counts_N = expanded_counts(indices_NK, places_NK, half)
    starts_N = np.concatenate(([0], np.cumsum(counts_N)))
    members_P = expanded_members(indices_NK, places_NK, half, starts_N)
    scores_P = known_scores(starts_N, members_P, neighbours.indices_NK, neighbours.scores_NK)
    owners_P = np.repeat(np.arange(total, dtype=np.int32), counts_N)
    missing = np.flatnonzero(np.isnan(scores_P))
    for first in range(0, len(missing), PAIR_BATCH):
        batch = missing[first : first + PAIR_BATCH]
        members, owners = members_P[batch], owners_P[batch]
        scores_P[batch] = score_pairs(features_ND, members, owners, pictures, rule)
    weights_P = soft_memberships(starts_N, scores_P, row_scales(neighbours))
    return sparse.csr_array((weights_P, members_P, starts_N), shape=(total, total))


def averaging_matrix(neighbours: Neighbours, camid_N: IntArray, settings: RerankSettings) -> sparse.csr_array:
    """The weights with which each picture (row) averages the memberships of others (columns); rows sum to 1.

    A picture without a neighbour in another camera gives all its weight to its own camera.

    Returns:
        float32 (N, N), sparse rows.
    """
    total, kept = neighbours.indices_NK.shape
    itself_N1 = np.arange(total, dtype=np.int32)[:, None]
    if settings.k2 == 1:
        return _sparse_rows(itself_N1, np.ones((total, 1)))
    if settings.average == "nearest":
        taken_NK = neighbours.indices_NK[:, : settings.k2]
        return _sparse_rows(taken_NK, np.full(taken_NK.shape, 1 / taken_NK.shape[1]))
    near_NK = neighbours.indices_NK[:, : min(kept, settings.k1 + 1)]
    taken_NK = np.concatenate((itself_N1, near_NK), axis=1)
    across_NK = camid_N[taken_NK] != camid_N[:, None]
    own_NK = ~across_NK & (taken_NK != itself_N1)
    own_NK[:, 0] = True
    own_NK &= np.cumsum(own_NK, axis=1) <= settings.k2 // 2
    across_NK &= np.cumsum(across_NK, axis=1) < settings.k2
    across_N1 = across_NK.sum(axis=1, keepdims=True)
    half_N1 = np.where(across_N1 > 0, 0.5, 1.0)
    shares_NK = own_NK * (half_N1 / own_NK.sum(axis=1, keepdims=True)) + across_NK * (0.5 / np.maximum(across_N1, 1))
    return _sparse_rows(taken_NK, shares_NK)


def _sparse_rows(columns_NK: Int32Array, values_NK: FloatArray) -> sparse.csr_array:
    """A square matrix from each row's columns and values; a column may occur twice in a row, once with value 0."""
    stored_NK = values_NK > 0
    starts_N = np.concatenate(([0], np.cumsum(stored_NK.sum(axis=1))))
    values_P = values_NK[stored_NK].astype(np.float32)
    return sparse.csr_array((values_P, columns_NK[stored_NK], starts_N), shape=(len(columns_NK), len(columns_NK)))


def _parts(matrix: "sparse.csr_array | sparse.csc_array") -> tuple[np.ndarray, np.ndarray, FeatureArray]:
    return matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64), matrix.data
