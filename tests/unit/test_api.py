"""The library's Python surface: what docs/python.md shows, the stages' own numbers, and refusals in one line."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streid.api import InputError, Pictures, TravelTimes, fit_travel_times, measure, rerank, score
from streid.files.features import FeatureSet
from streid.scoring.evaluation import make_scene, rank_streams
from streid.scoring.fusion import likelihood_fusion, logistic_fusion, visual_fusion
from streid.scoring.metrics import summarise
from streid.scoring.products import PairProducts
from streid.scoring.rerank import rerank as rerank_scene
from streid.scoring.rerank_settings import RerankSettings
from streid.scoring.weights import default_weight

PAGE = Path(__file__).resolve().parents[2] / "docs" / "python.md"


def people(first: int, seed: int) -> Pictures:
    """Twelve people in three cameras, 40 time units apart, two pictures each; three of them share each look."""
    rng = np.random.default_rng(seed)
    pid, camera = np.repeat(np.arange(first, first + 12), 6), np.tile([1, 1, 2, 2, 3, 3], 12)
    return Pictures(
        features=rng.standard_normal((100, 8))[pid // 3] + 0.6 * rng.standard_normal((72, 8)),
        cameras=camera,
        times=50 * pid + 40 * camera + rng.integers(0, 9, 72),
        sessions=pid % 2,
        identities=pid,
    )


def part(pictures: Pictures, rows: slice) -> Pictures:
    return Pictures(**{name: np.asarray(column)[rows] for name, column in vars(pictures).items()})


@pytest.fixture(scope="module")
def travel_times() -> TravelTimes:
    known = people(1, seed=0)
    assert known.times is not None and known.identities is not None
    return fit_travel_times(known.cameras, known.times, known.identities, known.sessions, bin_width=5, sigma=2)


@pytest.fixture(scope="module")
def query() -> Pictures:
    return part(people(100, seed=1), slice(0, None, 5))


@pytest.fixture(scope="module")
def gallery() -> Pictures:
    return people(100, seed=2)


def test_the_documented_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    exec(compile(example, str(PAGE), "exec"), {"__name__": "example"})
    said = capsys.readouterr().out
    assert said.startswith("(50, 150)")
    visual, joint, reranked = map(float, said.splitlines()[-1].strip("[]").split(","))
    assert visual + 0.1 < joint
    assert visual + 0.1 < reranked


@pytest.mark.parametrize("name", ["logistic", "likelihood"])
def test_numbers_are_those_of_the_stages(
    name: str, query: Pictures, gallery: Pictures, travel_times: TravelTimes
) -> None:
    groups = {"query": query.group("query"), "gallery": gallery.group("gallery")}
    scene = make_scene(FeatureSet(dataset="d", model="m", groups=groups))
    likelihood = likelihood_fusion(travel_times.likelihood, default_weight(scene, 0))
    fusion = likelihood if name == "likelihood" else logistic_fusion(travel_times, 5.0)
    products = PairProducts(scene.features_ND)
    joint = rank_streams(scene, travel_times, fusion, products)["joint"]
    reranked = rerank_scene(scene, fusion, products, RerankSettings(k1=6, k2=3))
    scores = score(query, gallery, travel_times, fusion=name)
    distances = rerank(query, gallery, travel_times, fusion=name, k1=6, k2=3)
    for found, ranker in ((scores, joint), (-distances, reranked)):
        ranking = ranker.ranking()
        rows, places = np.nonzero(ranking.indices_QK >= 0)
        expected = ranking.scores_QK[rows, places]
        np.testing.assert_allclose(found[rows, ranking.indices_QK[rows, places]], expected, atol=1e-6)
        figures = measure(found, query, gallery, resamples=10)
        wanted = summarise(ranker.outcomes, scene.query.pid_N, resamples=10, seed=0)
        assert figures["mAP"] == pytest.approx(wanted["mAP"], abs=1e-3)
        assert (distances >= 0).all() and (distances <= 1).all()


def test_without_travel_times_appearance_decides(query: Pictures, gallery: Pictures) -> None:
    cosines = score(query, gallery)
    first, second = np.asarray(query.features)[3], np.asarray(gallery.features)[7]
    assert cosines[3, 7] == pytest.approx(first @ second / np.linalg.norm(first) / np.linalg.norm(second), abs=1e-6)
    timeless = [replace(one, times=None, sessions=None, identities=None) for one in (query, gallery)]
    np.testing.assert_array_equal(score(*timeless), cosines)
    groups = {"query": query.group("query"), "gallery": gallery.group("gallery")}
    scene = make_scene(FeatureSet(dataset="d", model="m", groups=groups))
    ranking = rerank_scene(scene, visual_fusion(), PairProducts(scene.features_ND), RerankSettings()).ranking()
    best = rerank(*timeless)[np.arange(len(cosines)), ranking.indices_QK[:, 0]]
    np.testing.assert_allclose(-best, ranking.scores_QK[:, 0], atol=1e-6)


def test_lists_and_unknown_times_are_taken(query: Pictures, gallery: Pictures, travel_times: TravelTimes) -> None:
    listed = Pictures(**{name: np.asarray(column).tolist() for name, column in vars(query).items()})
    found = score(listed, gallery, travel_times, fusion="likelihood", weight=0.1)
    np.testing.assert_array_equal(found, score(query, gallery, travel_times, fusion="likelihood", weight=0.1))
    unknown = replace(query, times=None)
    blind = score(unknown, gallery, travel_times, fusion="likelihood", weight=0.1)
    np.testing.assert_allclose(blind, score(query, gallery), atol=1e-6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"features": np.ones(60)}, "query: features are float64 of shape"),
        ({"features": np.ones((15, 0))}, "a table of numbers"),
        ({"features": np.full((15, 8), np.nan)}, "query: features of row 0 are not finite"),
        ({"features": np.zeros((15, 8))}, "group query: features of row 0 are all zero"),
        ({"features": np.ones((15, 9))}, "queries have 9 values, those of the gallery 8"),
        ({"cameras": [1, 2]}, r"query: cameras have shape \(2,\), expected \(15,\)"),
        ({"cameras": ["north"] * 15}, "query: cameras holds <U5, expected int64"),
        ({"cameras": np.full(15, -3)}, "query: cameras of row 0 is -3; a number of at least 0"),
        ({"times": np.full(15, 0.5)}, "query: times holds float64, expected int64"),
        ({"times": np.full(15, 2**53)}, "query: times of row 0 is 9007199254740992, which is not below 2"),
        ({"identities": np.full(15, -2)}, "query: identities of row 0 is -2"),
    ],
)
def test_pictures_that_cannot_be_are_refused_in_one_line(
    changes: dict[str, Any], message: str, query: Pictures, gallery: Pictures, travel_times: TravelTimes
) -> None:
    for call in (score, rerank):
        with pytest.raises(InputError, match=message) as refusal:
            call(replace(query, **changes), gallery, travel_times)
        assert "\n" not in str(refusal.value)
        assert "np." not in str(refusal.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fusion": "sum"}, "there is no fusion 'sum'; known: logistic, likelihood, none"),
        ({"alpha": np.float64(0)}, "alpha 0 is not above 0"),
        ({"fusion": "likelihood", "weight": -1.0}, "weight is -1.0"),
    ],
)
def test_settings_out_of_range_are_refused(
    changes: dict[str, Any], message: str, query: Pictures, gallery: Pictures, travel_times: TravelTimes
) -> None:
    for call in (score, rerank):
        with pytest.raises(InputError, match=message):
            call(query, gallery, travel_times, **changes)
    with pytest.raises(InputError, match="^k1 is 0; it must be a whole number of at least 1 and"):
        rerank(query, gallery, k1=np.int64(0))  # type: ignore[arg-type]


def test_figures_that_cannot_be_are_refused(query: Pictures, gallery: Pictures) -> None:
    scores = score(query, gallery)
    kept = scores.copy()
    measure(scores, query, gallery, resamples=2)
    np.testing.assert_array_equal(scores, kept)
    for arguments, message in (
        ((scores[:3], query, gallery), r"shape \(3, 72\); finite scores of shape \(15, 72\)"),
        ((scores * np.nan, query, gallery), "finite scores"),
        ((scores, replace(query, identities=np.zeros(15, int)), gallery), "figures: group query, row 0: pid is 0"),
        ((scores, replace(query, identities=None), gallery), "query: identities are missing"),
        (
            (scores, replace(query, identities=np.arange(500, 515)), gallery),
            "group query, row 0: none of the 15",
        ),
    ):
        with pytest.raises(InputError, match=message):
            measure(*arguments)
    with pytest.raises(InputError, match="0 resamples give no interval"):
        measure(scores, query, gallery, resamples=0)
