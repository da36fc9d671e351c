"""A ranking of two queries written by hand, for the tests of its file, and what such ones have in common."""

from typing import Any

import numpy as np

from streid.files.rankings import RECALL_LEVELS, Ranking


def no_totals(query_cameras: int = 1, gallery_cameras: int = 1) -> dict[str, Any]:
    """What a ranking says of all right matches where there are none."""
    nothing_CD = np.full((query_cameras, gallery_cameras), np.nan)
    return {
        "precision_L": np.full(RECALL_LEVELS, np.nan),
        "pair_queries_CD": np.zeros(nothing_CD.shape, np.int64),
        "pair_rank1_CD": nothing_CD,
        "pair_mAP_CD": nothing_CD,
        "right_scores_R": np.empty(0, np.float32),
    }


def two_queries() -> Ranking:
    """The first query has two right matches, the second none."""
    return Ranking(
        indices_QK=np.array([[3, 1], [0, -1]], np.int32),
        scores_QK=np.array([[0.9, 0.1], [0.4, np.nan]], np.float32),
        ap_Q=np.array([1.0, np.nan]),
        first_match_Q=np.array([1, 0], np.int32),
        match_count_Q=np.array([2, 0], np.int32),
        match_rows_P=np.array([3, 0], np.int32),
        match_ranks_P=np.array([1, 4], np.int32),
        match_scores_P=np.array([0.9, 0.05], np.float32),
        wrong_scores_QW=np.empty((2, 0), np.float32),
        **no_totals(2, 3) | {"right_scores_R": np.array([0.9, 0.05], np.float32)},
    )
