"""The gallery explorer's lists: a query's best gallery rows in each stream, with the parts of their scores.

Shape suffixes: Q queries, G gallery rows, K counted rows of a list. Rows are 0-based.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from streid.arrays import FeatureArray, IntArray
from streid.files.histograms import Histograms
from streid.files.rankings import Ranking
from streid.files.sightings import DISTRACTOR_PID, JUNK_PID
from streid.reporting.runs import ModelRun
from streid.reporting.streams import JOINT, RERANKED, stream_kind
from streid.scoring.evaluation import Scene, query_blocks
from streid.scoring.fusion_records import recorded_fusion
from streid.scoring.search import Gallery, ScoreParts

COUNTED, IGNORED = 10, 4
RIGHT, WRONG, JUNK, OWN_CAMERA = "right", "wrong", "junk", "own camera"


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A gallery row in a list.

    verdict: RIGHT or WRONG; JUNK, or OWN_CAMERA for the query's identity in the query's camera, which the protocol
    ignores. visual, times, joint: the parts of the score as in `ScoreParts`. score: the score in this list.
    """

    row: int
    verdict: str
    visual: float
    times: float | None
    joint: float
    score: float


@dataclass(frozen=True, kw_only=True)
class HitList:
    """A query's best gallery rows in one stream, best first.

    average_precision: None without a right match. first_match: rank of the first right match, 0 without one.
    missed: the first right match if it ranks after all listed rows, else None. left_out: ignored rows that rank among
    the listed ones but are not listed.
    """

    hits: tuple[Hit, ...]
    left_out: int
    average_precision: float | None
    first_match: int
    missed: Hit | None


def list_hits(
    run: ModelRun, scene: Scene, histograms: Histograms, fusion: str, rows: IntArray
) -> Iterator[Mapping[str, HitList]]:
    """For each query, the lists of a fusion's steps: stream key -> list.

    The counted rows come from the stored rankings; parts and ignored rows are scored again. The re-ranked list has no
    ignored rows, because re-ranking gives them no score.

    Args:
        scene: of the run's features.h5. histograms: those that its scores were made with.
        rows: the queries.
    """
    queries = len(scene.query)
    gallery = Gallery(
        sightings=scene.gallery,
        features_GD=scene.features_ND[queries:],
        fusion=recorded_fusion(run.fusions[fusion].scores["fusion"], histograms),
        histograms=histograms,
    )
    streams = [key for key in run.steps(fusion) if key in run.rankings]
    for block in query_blocks(len(rows), len(scene.gallery)):
        query_Q = rows[block]
        parts = gallery.score(scene.features_ND[query_Q], scene.query.take(query_Q))
        for place, row in enumerate(query_Q):
            verdict_G = _judge(scene, int(row))
            yield {
                key: _list_stream(
                    stream_kind(key), run.rankings[key], int(row), parts=parts, place=place, verdict_G=verdict_G
                )
                for key in streams
            }


def _judge(scene: Scene, row: int) -> npt.NDArray[np.object_]:
    """The verdict of the protocol on every gallery row, for one query."""
    pid, gallery = scene.query.pid_N[row], scene.gallery
    own_G = (gallery.pid_N == pid) & (pid > DISTRACTOR_PID)
    verdict_G = np.where(own_G, RIGHT, WRONG).astype(object)
    verdict_G[own_G & (gallery.camid_N == scene.query.camid_N[row])] = OWN_CAMERA
    verdict_G[gallery.pid_N == JUNK_PID] = JUNK
    return verdict_G


def _list_stream(
    kind: str, ranking: Ranking, row: int, *, parts: ScoreParts, place: int, verdict_G: npt.NDArray[np.object_]
) -> HitList:
    """One list; place: the query's row in `parts`."""
    used_K = ranking.indices_QK[row, :COUNTED] >= 0
    counted_K = ranking.indices_QK[row, :COUNTED][used_K].astype(np.int64)
    ranked_G = (parts.score_QG if kind == JOINT else parts.visual_QG)[place]
    own_score = dict(zip(counted_K.tolist(), ranking.scores_QK[row, :COUNTED][used_K].tolist(), strict=True))
    ignored_G = np.isin(verdict_G, (JUNK, OWN_CAMERA)) & (kind != RERANKED)
    order, left_out = _with_ignored(counted_K, ranked_G, np.flatnonzero(ignored_G))

    def hit(found: int, score: float) -> Hit:
        return Hit(
            row=found,
            verdict=str(verdict_G[found]),
            visual=float(parts.visual_QG[place, found]),
            times=None if parts.times_QG is None else float(parts.times_QG[place, found]),
            joint=float(parts.score_QG[place, found]),
            score=score,
        )

    precision, first_match = float(ranking.ap_Q[row]), int(ranking.first_match_Q[row])
    missed = None
    if first_match > len(counted_K):
        match = int(ranking.kept_per_query[:row].sum())
        missed = hit(int(ranking.match_rows_P[match]), float(ranking.match_scores_P[match]))
    return HitList(
        hits=tuple(hit(found, own_score.get(found, float(ranked_G[found]))) for found in order),
        left_out=left_out,
        average_precision=None if np.isnan(precision) else precision,
        first_match=first_match,
        missed=missed,
    )


def _with_ignored(counted_K: IntArray, score_G: FeatureArray, ignored: IntArray) -> tuple[Sequence[int], int]:
    """Insert the best ignored rows at their ranks among the counted ones.

    Returns:
        The rows in order, and how many more ignored rows rank before the last counted one.
    """
    if not len(counted_K):
        return [], 0
    among = ignored[score_G[ignored] > score_G[counted_K].min()]
    best = among[np.argsort(-score_G[among], kind="stable")][:IGNORED]
    rows = np.concatenate((counted_K, best))
    # The counted rows keep their stored order, which can differ from that of the scores by rounding.
    level = np.concatenate((np.minimum.accumulate(score_G[counted_K]), score_G[best]))
    order = np.lexsort((np.arange(len(rows)), -level))
    return rows[order].tolist(), len(among) - len(best)
