"""What a ranking says beyond its averages: by pair of cameras, and by pair of pictures.

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

    The right matches of other gallery cameras are ignored, as junk is, and wrong pictures of all cameras count: so
    does Market-1501's own script for pairs of cameras (Zheng et al., ICCV 2015). AP by the trapezoid rule.

    Raises:
        InputError: the ranking is of other cameras.
    """
    query_C, gallery_D = np.unique(query.camid_N), np.unique(gallery.camid_N)
    if ranking.pair_queries_CD.shape != (len(query_C), len(gallery_D)):
        raise InputError("the ranking's figures by camera pair are of other cameras; make it again")
    return CameraPairs(
        query_C=query_C,
        gallery_D=gallery_D,
        queries_CD=ranking.pair_queries_CD,
        rank1_CD=ranking.pair_rank1_CD,
        mAP_CD=ranking.pair_mAP_CD,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Separation:
    """How a stream's scores of right and wrong pairs lie apart.

    right_R: scores of right pairs, an even draw where they are very many. wrong_W: of wrong pairs, an even draw.
    auc: how often a right pair scores above a wrong one, ties half (the area under the ROC curve). above: share of
    the wrong pairs that score above the middle right pair.
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
