"""What a ranking says beyond its averages: by recall, by pair of cameras, and by pair of pictures.

Shape suffixes: Q queries, E evaluated queries, M right matches of one query, P right matches of all queries, L recall
levels, C query cameras, D gallery cameras, F pairs of a query and a camera it has a right match in, R right pairs,
W wrong pairs. Ranks are 1-based, metrics fractions.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import roc_auc_score

from streid.arrays import FeatureArray, FloatArray, IntArray
from streid.files.rankings import Ranking
from streid.files.sightings import Sightings

RECALL_LEVELS = 101
QUERIES_AT_ONCE = 1024


def precision_recall(ranking: Ranking) -> FloatArray:
    """Interpolated precision at the recalls 0, 0.01, ... 1, averaged over the queries with a right match.

    At recall r a query counts the highest precision it has at any recall of at least r (Manning, Raghavan and
    Schuetze, Introduction to Information Retrieval, 2008, section 8.4).

    Returns:
        (L,), not increasing; NaN where no query has a right match.
    """
    count_E = ranking.match_count_Q[ranking.match_count_Q > 0].astype(np.int64)
    begin_E = np.cumsum(count_E) - count_E
    level_L = np.arange(RECALL_LEVELS)
    total_L = np.zeros(RECALL_LEVELS)
    for first in range(0, len(count_E), QUERIES_AT_ONCE):
        count_Q, begin_Q = (column_E[first : first + QUERIES_AT_ONCE, None] for column_E in (count_E, begin_E))
        place_M = np.arange(count_Q.max())
        rank_QM = ranking.match_ranks_P[np.minimum(begin_Q + place_M, begin_Q + count_Q - 1)]
        precision_QM = np.where(place_M < count_Q, (place_M + 1) / rank_QM, 0)
        best_QM = np.maximum.accumulate(precision_QM[:, ::-1], axis=1)[:, ::-1]
        reached_QL = np.maximum(-(-level_L * count_Q // (RECALL_LEVELS - 1)), 1) - 1
        total_L += np.take_along_axis(best_QM, reached_QL, axis=1).sum(axis=0)
    return total_L / len(count_E) if len(count_E) else np.full(RECALL_LEVELS, np.nan)


@dataclass(frozen=True, kw_only=True, eq=False)
class CameraPairs:
    """Figures per query camera and gallery camera.

    query_C, gallery_D: the cameras' numbers, ascending. queries_CD: queries that have a right match there.
    rank1_CD, mAP_CD: over these queries, NaN where there are none.
    """

    query_C: IntArray
    gallery_D: IntArray
    queries_CD: IntArray
    rank1_CD: FloatArray
    mAP_CD: FloatArray


def camera_pairs(ranking: Ranking, query: Sightings, gallery: Sightings) -> CameraPairs:
    """How well a query of one camera finds its person in another camera.

    The right matches of other gallery cameras are ignored, as junk is, and wrong pictures of all cameras count: so
    does Market-1501's own script for pairs of cameras (Zheng et al., ICCV 2015). AP by the trapezoid rule.
    """
    matches = pd.DataFrame(
        {
            "query": np.repeat(np.arange(len(query)), ranking.match_count_Q),
            "camera": gallery.camid_N[ranking.match_rows_P],
        }
    )
    place_P = matches.groupby("query").cumcount().to_numpy()
    before_P = matches.groupby(["query", "camera"]).cumcount().to_numpy()
    rank_P = ranking.match_ranks_P - (place_P - before_P)
    last_P = np.where(rank_P == 1, 1.0, before_P / np.maximum(1, rank_P - 1))
    matches["AP"] = (last_P + (before_P + 1) / rank_P) / 2
    matches["first"] = rank_P == 1
    found = matches.groupby(["query", "camera"], as_index=False).agg({"AP": "mean", "first": "any"})
    query_C, row_Q = np.unique(query.camid_N, return_inverse=True)
    gallery_D = np.unique(gallery.camid_N)
    shape = (len(query_C), len(gallery_D))
    column_F = np.searchsorted(gallery_D, found["camera"].to_numpy())
    cell_F = row_Q[found["query"].to_numpy()] * shape[1] + column_F

    def add_up(values_F: npt.NDArray[Any] | None) -> npt.NDArray[Any]:
        return np.bincount(cell_F, values_F, shape[0] * shape[1]).reshape(shape)

    queries_CD = add_up(None)
    divisor_CD = np.where(queries_CD, queries_CD, np.nan)
    return CameraPairs(
        query_C=query_C,
        gallery_D=gallery_D,
        queries_CD=queries_CD,
        rank1_CD=add_up(found["first"].to_numpy(float)) / divisor_CD,
        mAP_CD=add_up(found["AP"].to_numpy(float)) / divisor_CD,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Separation:
    """How a stream's scores of right and wrong pairs lie apart.

    right_R: scores of all right pairs. wrong_W: of wrong pairs, an even draw. auc: how often a right pair scores
    above a wrong one, ties half (the area under the ROC curve). above: share of the wrong pairs that score above
    the middle right pair.
    """

    right_R: FeatureArray
    wrong_W: FeatureArray
    auc: float
    above: float


def separation(ranking: Ranking) -> Separation | None:
    """Right and wrong pairs of the queries with a right match; None where either kind is missing."""
    drawn_W = ranking.wrong_scores_QW[ranking.match_count_Q > 0].ravel()
    right_R, wrong_W = ranking.match_scores_P, drawn_W[~np.isnan(drawn_W)]
    if not len(right_R) or not len(wrong_W):
        return None
    is_right = np.repeat([1, 0], [len(right_R), len(wrong_W)])
    return Separation(
        right_R=right_R,
        wrong_W=wrong_W,
        auc=float(roc_auc_score(is_right, np.concatenate((right_R, wrong_W)))),
        above=float((wrong_W > np.median(right_R)).mean()),
    )
