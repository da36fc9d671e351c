"""scores.h5 and reranked.h5: the ranking of every query, for each stream.

Shape suffixes: Q queries, K kept ranks, P kept right matches of all queries, R sampled right pairs, W sampled
wrong pictures, L recall levels, C query cameras, D gallery cameras.
All row indices are 0-based; ranks are 1-based.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from streid.arrays import FloatArray, IntArray
from streid.errors import InputError
from streid.files.hdf5 import create_file, open_checked, stored_name

RANKINGS_FORMAT = "streid-rankings"
RANKINGS_VERSION = 3
KEPT_MATCHES = 100
RECALL_LEVELS = 101
METRICS_FORMAT = "streid-metrics"  # scores.json and reranked.json, the figures beside the rankings
METRICS_VERSION = 2


class QueryResults(NamedTuple):
    """The result of each query: 1-based rank of its first right match, 0 without one, and its average precision."""

    first_Q: npt.NDArray[np.int32]
    ap_Q: FloatArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Ranking:
    """One stream's retrieval result per query.

    indices_QK: the best gallery rows, best first, without those that the protocol ignores; -1 where a
    query has fewer. scores_QK: their scores (similarity, or negative distance; higher is better), NaN
    where the index is -1. ap_Q: average precision (trapezoid), NaN for a query without a right match.
    first_match_Q: 1-based rank of the first right match, 0 without one.

    match_count_Q: right matches per query. match_rows_P, match_ranks_P, match_scores_P: gallery row, 1-based
    rank and score of every query's KEPT_MATCHES best right matches, query after query, best first.
    Of all right matches: precision_L: interpolated precision at recalls 0, 0.01 ... 1, the mean of the queries with a
    right match, NaN if there are none; pair_queries_CD, pair_rank1_CD, pair_mAP_CD: by query camera and gallery camera
    (both ascending), the number of queries with a right match there and their figures, NaN if there are none;
    right_scores_R: their scores, at even steps where there are very many. wrong_scores_QW: scores of gallery pictures
    at even steps for every query, the same pictures in every stream; NaN where the picture is not a wrong match or the
    query has no identity.
    """

    indices_QK: npt.NDArray[np.int32]
    scores_QK: npt.NDArray[np.float32]
    ap_Q: FloatArray
    first_match_Q: npt.NDArray[np.int32]
    match_count_Q: npt.NDArray[np.int32]
    match_rows_P: npt.NDArray[np.int32]
    match_ranks_P: npt.NDArray[np.int32]
    match_scores_P: npt.NDArray[np.float32]
    precision_L: FloatArray
    pair_queries_CD: IntArray
    pair_rank1_CD: FloatArray
    pair_mAP_CD: FloatArray
    right_scores_R: npt.NDArray[np.float32]
    wrong_scores_QW: npt.NDArray[np.float32]

    def __post_init__(self) -> None:
        columns = (self.match_count_Q, self.match_rows_P, self.match_ranks_P, self.match_scores_P)
        lengths = [len(column) for column in columns if column.ndim == 1]
        if len(lengths) < len(columns) or len(set(lengths[1:])) > 1 or int(self.kept_per_query.sum()) != lengths[1]:
            raise InputError("the right matches do not fit their number per query; make the ranking again")
        if len({table.shape for table in (self.pair_queries_CD, self.pair_rank1_CD, self.pair_mAP_CD)}) > 1:
            raise InputError("the figures by camera pair belong to different cameras; make the ranking again")

    @property
    def kept_per_query(self) -> npt.NDArray[np.int32]:
        """How many right matches of each query are kept."""
        return np.minimum(self.match_count_Q, np.int32(KEPT_MATCHES))


def write_rankings(path: str | os.PathLike[str], *, dataset: str, model: str, streams: Mapping[str, Ranking]) -> None:
    """Write scores.h5 or reranked.h5: one group per stream, atomically."""
    with create_file(path, RANKINGS_FORMAT, RANKINGS_VERSION, dataset=dataset, model=model) as handle:
        for stream in sorted(streams):
            group = handle.create_group(stream)
            for field in fields(Ranking):
                column = getattr(streams[stream], field.name)
                group.create_dataset(stored_name(field.name), data=column)


def read_rankings(path: str | os.PathLike[str]) -> dict[str, Ranking]:
    """Read a scores.h5 or reranked.h5: stream name -> its ranking.

    Raises:
        InputError: the file is missing, damaged, or of another format or version.
    """
    with open_checked(path, RANKINGS_FORMAT, RANKINGS_VERSION) as handle:
        return {
            stream: Ranking(**{f.name: handle[stream][stored_name(f.name)][:] for f in fields(Ranking)})
            for stream in sorted(handle)
        }


def read_query_results(path: str | os.PathLike[str], queries: int) -> dict[str, QueryResults]:
    """The result of each query in every stream of a scores.h5 or reranked.h5, without the rankings.

    Raises:
        InputError: the file is missing, damaged, of another format or version, or has another number of queries.
    """
    with open_checked(path, RANKINGS_FORMAT, RANKINGS_VERSION) as handle:
        found = {
            stream: QueryResults(first_Q=handle[stream]["first_match"][:], ap_Q=handle[stream]["ap"][:])
            for stream in sorted(handle)
        }
    for stream, results in found.items():
        if results.first_Q.shape != (queries,) or results.ap_Q.shape != (queries,):
            raise InputError(
                f"{path}: stream {stream} ranks {len(results.ap_Q)} queries where the features have {queries}; "
                "evaluate these features first"
            )
    return found
