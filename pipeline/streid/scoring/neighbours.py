"""Each picture's nearest neighbours among all pictures, without ever holding all pairs.

Shape suffixes: N pictures, Q queries, G gallery pictures, K kept neighbours, R rows and W columns of a block.
"""

from dataclasses import dataclass

import numpy as np

from streid.artifacts import FeatureArray
from streid.scoring.compilation import Int32Array, Lists, Moments, Rule
from streid.scoring.kernels import NOBODY, NOTHING, STRIPE, absorb_block
from streid.scoring.products import PairProducts


@dataclass(frozen=True, kw_only=True, eq=False)
class Neighbours:
    """The K nearest of every picture.

    indices_NK: nearest first, ties by index; a picture counts among its own neighbours. scores_NK: the
    joint score of that neighbour asking the picture. lowest_N: the lowest such score over all pictures.
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
    cosines_QG: FeatureArray | None = None,
) -> Neighbours:
    """The `count` nearest of every picture by joint score; all of them where there are fewer.

    Blocks of `block_rows` x `block_rows` inner products on and above the diagonal are computed one
    after the other, each pair once; beside the features the memory grows with N x count only.

    Args:
        cosines_QG: filled, where given, with the inner products of the first Q pictures and all the rest,
            which pass by anyway.
    """
    total = len(products)
    kept = min(count, total)
    lists = Lists(
        indices_NK=np.full((total, kept), NOBODY, np.int32),
        scores_NK=np.full((total, kept), NOTHING, np.float32),
        lowest_N=np.full(total, np.inf, np.float32),
    )
    threshold_N = np.full(total, NOTHING, np.float32)
    edge = min(block_rows, total)
    stripes = -(-edge // STRIPE)
    spare = (
        np.empty((stripes, edge, kept), np.int32),
        np.empty((stripes, edge, kept), np.float32),
        np.empty((stripes, edge), np.float32),
    )
    buffer = np.empty(edge * edge, np.float32)
    for row in range(0, total, edge):
        for column in range(row, total, edge):
            rows, columns = slice(row, min(row + edge, total)), slice(column, min(column + edge, total))
            products_RW = products.block(rows, columns, out=buffer)
            if cosines_QG is not None:
                _copy_across(products_RW, row, column, cosines_QG)
            absorb_block(products_RW, row, column, pictures, rule, lists, threshold_N, spare)
    return Neighbours(indices_NK=lists.indices_NK, scores_NK=lists.scores_NK, lowest_N=lists.lowest_N)


def _copy_across(products_RW: FeatureArray, row: int, column: int, cosines_QG: FeatureArray) -> None:
    """Copy what a block starting at (`row`, `column`) holds of queries x gallery."""
    queries = len(cosines_QG)
    rows = max(0, min(len(products_RW), queries - row))
    skipped = min(max(0, queries - column), products_RW.shape[1])
    first = column + skipped - queries
    part_RW = products_RW[:rows, skipped:]
    cosines_QG[row : row + rows, first : first + part_RW.shape[1]] = part_RW
