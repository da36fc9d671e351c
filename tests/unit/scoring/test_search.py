"""Searching the gallery: hand-computed scores, the same scores as evaluation, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest

from streid.errors import InputError
from streid.files.histograms import Histograms
from streid.files.sightings import Sightings
from streid.scoring.evaluation import Scene, rank_streams
from streid.scoring.fusion import Fusion, likelihood_fusion, logistic_fusion, visual_fusion
from streid.scoring.products import PairProducts, normalise
from streid.scoring.search import Gallery, best_rows, place_and_time
from streid.spatiotemporal.likelihood import fit_likelihood
from streid.spatiotemporal.travel_histograms import build_histograms

PEOPLE = 30


def sightings(pid: list[int], camid: list[int], time: list[int], session: list[int] | None = None) -> Sightings:
    paths = np.array([f"{row}.jpg" for row in range(len(pid))], object)
    columns = {"pid": pid, "camid": camid, "session": session or [0] * len(pid), "time": time}
    return Sightings(**{f"{name}_N": np.array(values) for name, values in columns.items()}, path_N=paths)


@pytest.fixture(scope="module")
def histograms() -> Histograms:
    """Everyone walks from camera 1 past 2 to 3, two and three minutes apart."""
    generator = np.random.default_rng(5)
    pid = np.repeat(np.arange(1, PEOPLE + 1), 3)
    time = generator.integers(0, 50_000, PEOPLE).repeat(3) + np.tile([0, 3000, 7500], PEOPLE)
    time += generator.integers(0, 300, len(time))
    seen = sightings(pid.tolist(), np.tile([1, 2, 3], PEOPLE).tolist(), time.tolist())
    counted = build_histograms(seen, bin_width=100, max_bins=5000, sigma=5)
    return replace(counted, likelihood=fit_likelihood(seen, seed=0))


@pytest.fixture(scope="module")
def scene() -> Scene:
    """Queries and a gallery of three sessions, some without a time, one camera that was never trained on."""
    generator = np.random.default_rng(6)
    groups = []
    for count in (12, 90):
        draw = {name: generator.integers(low, high, count) for name, low, high in (("pid", 1, 9), ("camid", 1, 5))}
        time = np.where(generator.random(count) < 0.1, -1, generator.integers(0, 60_000, count))
        groups.append(
            sightings(draw["pid"].tolist(), draw["camid"].tolist(), time.tolist(), [row % 3 for row in range(count)])
        )
    features_ND = generator.standard_normal((102, 16)).astype(np.float32)
    normalise(features_ND, "all")
    return Scene(dataset="d", model="m", query=groups[0], gallery=groups[1], features_ND=features_ND)


def make(name: str, histograms: Histograms) -> Fusion:
    if name == "none":
        return visual_fusion()
    return logistic_fusion(histograms, 5.0) if name == "logistic" else likelihood_fusion(histograms.likelihood, 0.1)


@pytest.mark.parametrize("name", ["logistic", "likelihood", "none"])
def test_scores_and_order_are_those_of_evaluation(name: str, scene: Scene, histograms: Histograms) -> None:
    fusion = make(name, histograms)
    rankers = rank_streams(scene, histograms, fusion, PairProducts(scene.features_ND))
    joint, times = rankers["joint"].ranking(), rankers["spatiotemporal"].ranking()
    gallery = Gallery(sightings=scene.gallery, features_GD=scene.features_ND[12:], fusion=fusion, histograms=histograms)
    for row in range(12):
        found = gallery.search(3 * scene.features_ND[row], scene.query.take(slice(row, row + 1)), top=90)
        ignored = (scene.gallery.pid_N == scene.query.pid_N[row]) & (scene.gallery.camid_N == scene.query.camid_N[row])
        counted = ~ignored[found.rows_K]
        expected = joint.indices_QK[row][joint.indices_QK[row] >= 0]
        assert found.rows_K[counted].tolist() == expected.tolist()
        np.testing.assert_allclose(found.score_K[counted], joint.scores_QK[row, : len(expected)], atol=1e-6)
        if name == "none":
            assert found.times_K is None
            continue
        assert found.times_K is not None
        said = dict(zip(times.indices_QK[row].tolist(), times.scores_QK[row].tolist(), strict=True))
        for place in np.flatnonzero(counted):
            assert found.times_K[place] == pytest.approx(said[int(found.rows_K[place])], abs=1e-6)


def test_parts_make_the_score(scene: Scene, histograms: Histograms) -> None:
    query = scene.query
    for name in ("logistic", "likelihood"):
        gallery = Gallery(
            sightings=scene.gallery,
            features_GD=scene.features_ND[12:],
            fusion=make(name, histograms),
            histograms=histograms,
        )
        parts = gallery.score(scene.features_ND[:12], query)
        assert parts.times_QG is not None
        s, v = parts.visual_QG.astype(float), parts.times_QG.astype(float)
        expected = s + 0.1 * v if name == "likelihood" else 1 / (1 + np.exp(-5 * s)) / (1 + 2 * np.exp(-5 * v))
        np.testing.assert_allclose(parts.score_QG, expected, atol=2e-6)
        assert (np.abs(v) > 1e-3).any()


def test_by_appearance_alone_the_cosine_ranks(scene: Scene, histograms: Histograms) -> None:
    features_GD = np.array([[1, 0], [0.6, 0.8], [1, 0], [0, 1]], np.float32)
    gallery = Gallery(
        sightings=scene.gallery.take(slice(0, 4)),
        features_GD=features_GD,
        fusion=logistic_fusion(histograms, 5.0),
        histograms=histograms,
    )
    found = gallery.search(np.array([2.0, 0.0]), top=3)
    assert found.rows_K.tolist() == [0, 2, 1]  # of the two equal ones the lower row first
    np.testing.assert_allclose(found.score_K, [1, 1, 0.6])
    assert found.times_K is None
    assert gallery.search(np.array([2.0, 0.0]), top=50).rows_K.tolist() == [0, 2, 1, 3]


def test_best_rows_as_a_full_sort() -> None:
    generator = np.random.default_rng(0)
    for _ in range(50):
        score_G = generator.integers(0, 6, 40).astype(np.float32)
        top = int(generator.integers(1, 50))
        assert best_rows(score_G, top).tolist() == np.lexsort((np.arange(40), -score_G))[:top].tolist()


def test_what_cannot_be_searched_is_refused(scene: Scene, histograms: Histograms) -> None:
    gallery = Gallery(sightings=scene.gallery, features_GD=scene.features_ND[12:])
    with pytest.raises(InputError, match="all zero"):
        gallery.search(np.zeros(16), top=3)
    with pytest.raises(InputError, match=r"have 8 values, the gallery's 16; both must come from one model"):
        gallery.search(np.ones(8), top=3)
    with pytest.raises(InputError, match="90 gallery pictures"):
        Gallery(sightings=scene.gallery, features_GD=scene.features_ND)
    with pytest.raises(InputError, match="without histograms"):
        Gallery(sightings=scene.gallery, features_GD=scene.features_ND[12:], fusion=visual_fusion())


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ((1, 0, None), "--camid and --time go together"),
        ((None, 0, 5), "--camid and --time go together"),
        ((None, 1, None), "--camid and --time go together"),
        ((1, None, 5), "--time needs --session: the gallery has 3 sessions"),
        ((4, 0, 5), "--camid 4: the histograms have only the cameras 1, 2, 3"),
        ((1, 0, 2**53), "is not below 2\\^53"),
    ],
)
def test_half_a_place_and_time_is_refused(
    scene: Scene, histograms: Histograms, place: tuple[int | None, ...], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        place_and_time(scene.gallery, histograms, camid=place[0], session=place[1], time=place[2])


def test_place_and_time(scene: Scene, histograms: Histograms, caplog: pytest.LogCaptureFixture) -> None:
    assert place_and_time(scene.gallery, histograms, camid=None, session=None, time=None) is None
    one = scene.gallery.take(scene.gallery.session_N == 2)
    asking = place_and_time(one, histograms, camid=3, session=None, time=77)
    assert asking is not None
    assert (asking.camid_N[0], asking.session_N[0], asking.time_N[0]) == (3, 2, 77)
    assert not caplog.records
    assert place_and_time(one, histograms, camid=3, session=8, time=77) is not None
    assert "no gallery picture is of session 8" in caplog.text
