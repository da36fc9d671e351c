"""By camera pair, by pair of pictures: against definitions written out query by query."""

import numpy as np
import pytest

from streid.errors import InputError
from streid.files.rankings import RECALL_LEVELS, Ranking
from streid.files.sightings import Sightings
from streid.scoring.breakdown import camera_pairs, separation
from streid.scoring.ranks import StreamRanker


def group(pid: list[int], camid: list[int]) -> Sightings:
    zeros = np.zeros(len(pid), np.int64)
    names = np.array([f"{row}.jpg" for row in range(len(pid))], object)
    return Sightings(pid_N=np.array(pid), camid_N=np.array(camid), session_N=zeros, time_N=zeros, path_N=names)


def ranked(query: Sightings, gallery: Sightings, scores: np.ndarray) -> Ranking:
    ranker = StreamRanker(query, gallery)
    ranker.add(0, scores.astype(np.float32))
    return ranker.ranking()


def scene(seed: int, queries: int = 40) -> tuple[Sightings, Sightings, np.ndarray]:
    rng = np.random.default_rng(seed)
    query = group(rng.integers(-1, 6, queries).tolist(), rng.integers(1, 5, queries).tolist())
    gallery = group(rng.integers(-1, 6, 90).tolist(), rng.integers(2, 6, 90).tolist())
    same = query.pid_N[:, None] == gallery.pid_N
    return query, gallery, rng.integers(0, 20, same.shape) + 8 * same  # many ties


def listed(query: Sightings, gallery: Sightings, scores: np.ndarray, q: int, only: int | None = None) -> np.ndarray:
    """Down query q's whole list, whether a row is right; right ones of other cameras than `only` are left out."""
    right = (gallery.pid_N == query.pid_N[q]) & (query.pid_N[q] > 0)
    ignored = (right & (gallery.camid_N == query.camid_N[q])) | (gallery.pid_N == -1)
    ignored |= right & (gallery.camid_N != only) & (only is not None)
    order = np.argsort(-scores[q], kind="stable")
    return right[order[~ignored[order]]]


def test_camera_pairs_equal_lists_without_the_other_cameras_matches() -> None:
    query, gallery, scores = scene(2)
    pairs = camera_pairs(ranked(query, gallery, scores), query, gallery)
    assert (pairs.query_C.tolist(), pairs.gallery_D.tolist()) == ([1, 2, 3, 4], [2, 3, 4, 5])
    for c, asking in enumerate(pairs.query_C):
        for d, asked in enumerate(pairs.gallery_D):
            found = []
            for q in np.flatnonzero(query.camid_N == asking):
                hits = listed(query, gallery, scores, q, only=int(asked))
                if hits.any():
                    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
                    before = np.concatenate(([1.0], precision[:-1]))
                    found.append((float(hits[0]), ((before + precision) / 2)[hits].mean()))
            assert pairs.queries_CD[c, d] == len(found) > (0 if asking != asked else -1)
            wanted = np.mean(found, axis=0) if found else (np.nan, np.nan)
            cell = (pairs.rank1_CD[c, d], pairs.mAP_CD[c, d])
            assert cell == pytest.approx(tuple(wanted), nan_ok=True)
    assert np.isnan(pairs.mAP_CD[1, 0])  # camera 2 with itself


def test_a_ranking_of_other_cameras_is_refused() -> None:
    query, gallery, scores = scene(2)
    with pytest.raises(InputError, match="belong to other cameras"):
        camera_pairs(ranked(query, gallery, scores), query, group(gallery.pid_N.tolist(), [7] * len(gallery)))


def test_one_camera_beside_the_query_gives_the_streams_own_figures() -> None:
    query, gallery, scores = scene(3)
    query, gallery = group(query.pid_N.tolist(), [1] * len(query)), group(gallery.pid_N.tolist(), [2] * len(gallery))
    ranking = ranked(query, gallery, scores)
    pairs = camera_pairs(ranking, query, gallery)
    assert pairs.mAP_CD[0, 0] == pytest.approx(np.nanmean(ranking.ap_Q))
    assert pairs.rank1_CD[0, 0] == pytest.approx((ranking.first_match_Q[ranking.first_match_Q > 0] == 1).mean())


def test_separation_counts_every_pair() -> None:
    query, gallery, scores = scene(4)
    found = separation(ranked(query, gallery, scores))
    assert found is not None
    right, wrong = [], []
    for q in range(len(query)):
        same = gallery.pid_N == query.pid_N[q]
        counted = same & (gallery.camid_N != query.camid_N[q])
        if query.pid_N[q] > 0 and counted.any():
            right += scores[q, counted].tolist()
            wrong += scores[q, ~same & (gallery.pid_N != -1)].tolist()
    assert sorted(found.right_R) == sorted(right)
    assert sorted(found.wrong_W) == sorted(wrong)
    beaten = [(one > other) + (one == other) / 2 for one in right for other in wrong]
    assert found.auc == pytest.approx(np.mean(beaten))
    assert found.above == np.mean(np.array(wrong) > np.median(right))


def test_without_a_right_match_there_is_nothing_to_tell() -> None:
    query, gallery = group([5], [1]), group([5, 6], [1, 2])
    ranking = ranked(query, gallery, np.array([[0.5, 0.1]]))
    assert np.isnan(ranking.precision_L).all()
    assert separation(ranking) is None
    pairs = camera_pairs(ranking, query, gallery)
    assert pairs.queries_CD.tolist() == [[0, 0]]
    assert np.isnan(pairs.mAP_CD).all()
    only_right = ranked(query, group([5], [2]), np.array([[0.5]]))
    assert separation(only_right) is None
    assert only_right.precision_L.tolist() == [1.0] * RECALL_LEVELS
