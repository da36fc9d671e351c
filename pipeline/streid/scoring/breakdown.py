"""A ranking in more detail than its averages: by pair of cameras, and by pair of pictures.

Shape suffixes: C query cameras, D gallery cameras, R right pairs, W wrong pairs. Metrics are fractions.
"""

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import roc_auc_score

from streid.arrays import FeatureArray, FloatArray, IntArray
from streid.errors import InputError
from streid.files.rankings import Ranking
from streid.files.sightings import Sightings


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

    Right matches in other gallery cameras are ignored like junk; wrong pictures of all cameras count. Market-1501's
    own script treats pairs of cameras the same way (Zheng et al., ICCV 2015). AP by the trapezoid rule.

    Raises:
        InputError: the ranking was made with other cameras.
    """
    query_C, gallery_D = np.unique(query.camid_N), np.unique(gallery.camid_N)
    if ranking.pair_queries_CD.shape != (len(query_C), len(gallery_D)):
        raise InputError("the ranking's figures by camera pair belong to other cameras; make the ranking again")
    return CameraPairs(
        query_C=query_C,
        gallery_D=gallery_D,
        queries_CD=ranking.pair_queries_CD,
        rank1_CD=ranking.pair_rank1_CD,
        mAP_CD=ranking.pair_mAP_CD,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Separation:
    """How well a stream's scores separate right pairs from wrong ones.

    right_R: scores of right pairs, an even sample where there are very many. wrong_W: an even sample of wrong pairs.
    auc: how often a right pair scores above a wrong one, ties count half (the area under the ROC curve). above: share
    of the wrong pairs that score above the median right pair.
    """

    right_R: FeatureArray
    wrong_W: FeatureArray
    auc: float
    above: float


def separation(ranking: Ranking) -> Separation | None:
    """Right and wrong pairs of the queries with a right match; None where either kind is missing."""
    drawn_W = ranking.wrong_scores_QW[ranking.match_count_Q > 0].ravel()
    right_R, wrong_W = ranking.right_scores_R, drawn_W[~np.isnan(drawn_W)]
    if not len(right_R) or not len(wrong_W):
        return None
    is_right = np.repeat([1, 0], [len(right_R), len(wrong_W)])
    return Separation(
        right_R=right_R,
        wrong_W=wrong_W,
        auc=float(roc_auc_score(is_right, np.concatenate((right_R, wrong_W)))),
        above=float((wrong_W > np.median(right_R)).mean()),
    )
