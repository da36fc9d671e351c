"""Each picture's nearest neighbours among all pictures, without ever holding all pairs.

Shape suffixes: N pictures, Q queries, the first A of them, G gallery pictures, K kept neighbours, R rows and W
columns of a block, P pairs.
"""

from dataclasses import dataclass

import numpy as np

from streid.arrays import FeatureArray
from streid.errors import InputError
from streid.scoring.compilation import Int32Array, Lists, Moments, Rule
from streid.scoring.kernels import (
    NOBODY,
    NOTHING,
    absorb_block,
    copy_columns,
    fuse_pairs,
    multiply_pairs,
    sort_heaps,
    stripe_width,
)
from streid.scoring.products import PairProducts

PAIR_BATCH = 1 << 22


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The K nearest of every picture.

    indices_NK: nearest first, ties by index; a picture is one of its own neighbours. scores_NK: the joint score with
    the neighbour as the query and the picture as the gallery. lowest_N: the lowest such score over all pictures.
    """

    indices_NK: Int32Array
    scores_NK: FeatureArray
    lowest_N: FeatureArray


def find_neighbours(
    products: PairProducts,
    pictures: Moments,
    rule: Rule,
    *,
    count: int,
    block_rows: int = 2048,
    cosines_AG: FeatureArray | None = None,
) -> Neighbours:
    """The `count` nearest of every picture by joint score; all of them where there are fewer.

    Blocks of `block_rows` x `block_rows` inner products on and above the diagonal are computed one after the other,
    each pair once; apart from the features, memory grows only with N x count. With a GPU everything is computed there.
    Scores are as precise as `products.rough_block`.

    Args:
        cosines_AG: where given, filled with the inner products of the first A and the last G pictures, which are
            computed here anyway.

    Raises:
        InputError: scores are not finite, so they have no order.
    """
    if products.device is not None and products.features_on_device is not None:
        from streid.scoring.accelerated import DeviceScores

        if cosines_AG is not None and cosines_AG.size:
            first = len(products) - cosines_AG.shape[1]
            products.rough_block(slice(0, len(cosines_AG)), slice(first, len(products)), cosines_AG)
        scores = DeviceScores(products.features_on_device, pictures, rule, products.device, products.precision)
        return _checked(Neighbours(*scores.nearest(count, block_rows)))
    total = len(products)
    kept = min(count, total)
    lists = Lists(
        indices_NK=np.full((total, kept), NOBODY, np.int32),
        scores_NK=np.full((total, kept), NOTHING, np.float32),
        lowest_N=np.full(total, np.inf, np.float32),
    )
    threshold_N = np.full(total, NOTHING, np.float32)
    edge = min(block_rows, total)
    width = stripe_width(edge)
    stripes = -(-edge // width)
    spare = (
        np.empty((stripes, edge, kept), np.int32),
        np.empty((stripes, edge, kept), np.float32),
        np.empty((stripes, edge), np.float32),
    )
    buffer = np.empty(edge * edge, np.float32)
    for row in range(0, total, edge):
        for column in range(row, total, edge):
            rows, columns = slice(row, min(row + edge, total)), slice(column, min(column + edge, total))
            products_RW = products.rough_block(rows, columns, out=buffer)
            if cosines_AG is not None and row < len(cosines_AG):
                _copy_across(products_RW, row, column - (total - cosines_AG.shape[1]), cosines_AG)
            absorb_block(products_RW, row, column, pictures, rule, lists, threshold_N, width, spare)
    sort_heaps(lists.indices_NK, lists.scores_NK)
    return _checked(Neighbours(indices_NK=lists.indices_NK, scores_NK=lists.scores_NK, lowest_N=lists.lowest_N))


def _checked(neighbours: Neighbours) -> Neighbours:
    """The neighbours; refuses a list with an empty place or a score that is not finite."""
    bad_N = ((neighbours.indices_NK == NOBODY) | ~np.isfinite(neighbours.scores_NK)).any(axis=1)
    if bad_N.any():
        raise InputError(
            f"scores of {int(bad_N.sum())} of {len(bad_N)} pictures (first: row {int(np.argmax(bad_N))} of queries, "
            "then gallery) are not finite; check the features and the fusion's settings"
        )
    return neighbours


def score_again(candidates: Neighbours, features_ND: FeatureArray, pictures: Moments, rule: Rule) -> Neighbours:
    """The same neighbours with scores in full float32, sorted by these; lowest_N is unchanged."""
    total, kept = candidates.indices_NK.shape
    scores_NK = np.empty((total, kept), np.float32)
    order_N = np.argsort(candidates.indices_NK.min(axis=1), kind="stable")  # similar pictures have the same candidates
    step = max(1, PAIR_BATCH // kept)
    for first in range(0, total, step):
        rows = order_N[first : first + step]
        first_P = candidates.indices_NK[rows].reshape(-1)
        second_P = np.repeat(rows.astype(np.int32), kept)
        scores_P = score_pairs(features_ND, first_P, second_P, pictures, rule)
        scores_NK[rows] = scores_P.reshape(-1, kept)
    best_NK = np.lexsort((candidates.indices_NK, -scores_NK), axis=1)
    return Neighbours(
        indices_NK=np.take_along_axis(candidates.indices_NK, best_NK, 1),
        scores_NK=np.take_along_axis(scores_NK, best_NK, 1),
        lowest_N=candidates.lowest_N,
    )


def score_pairs(
    features_ND: FeatureArray, first_P: Int32Array, second_P: Int32Array, pictures: Moments, rule: Rule
) -> FeatureArray:
    """Joint scores of single pairs of pictures, `first_P` as queries, in full float32."""
    return fuse_pairs(multiply_pairs(features_ND, first_P, second_P), first_P, second_P, pictures, rule)


def first_of(neighbours: Neighbours, count: int) -> Neighbours:
    """The first `count` of each picture's neighbours."""
    return Neighbours(
        indices_NK=np.ascontiguousarray(neighbours.indices_NK[:, :count]),
        scores_NK=np.ascontiguousarray(neighbours.scores_NK[:, :count]),
        lowest_N=neighbours.lowest_N,
    )


def _copy_across(products_RW: FeatureArray, row: int, column: int, cosines_AG: FeatureArray) -> None:
    """Copy the part of a block that belongs to `cosines_AG`; the block starts there at (`row`, `column`), maybe < 0."""
    skipped = max(0, -column)
    if skipped < products_RW.shape[1]:
        copy_columns(products_RW, skipped, cosines_AG, row, column + skipped)
