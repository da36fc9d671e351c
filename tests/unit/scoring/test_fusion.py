import math

import numpy as np
import pytest
from scenes_by_hand import fused_scores, made_up_likelihood, random_rows, seen, two_cameras

from streid.errors import InputError
from streid.files.histograms import Likelihood, neutral_likelihood
from streid.scoring.compilation import Rule
from streid.scoring.fusion import (
    Fusion,
    likelihood_fusion,
    locate,
    logistic_fusion,
    signed_table,
    temporal_fusion,
    visual_fusion,
)


@pytest.mark.parametrize(
    ("asking", "asked", "p"),
    [
        ((2, 0, 250), (4, 0, 0), 0.3),
        ((2, 0, 99), (4, 0, 0), 0.1),
        ((2, 0, 100), (4, 0, 0), 0.2),
        ((4, 0, 100), (2, 0, 0), 0.5),
        ((4, 0, 0), (2, 0, 100), 0.2),
        ((2, 0, 7), (4, 0, 7), 0.4),  # equal times: the asked camera counts as later
        ((4, 0, 7), (2, 0, 7), 0.1),
        ((2, 0, 300), (4, 0, 0), 0.0),  # beyond the last bin
        ((2, 0, 0), (4, 0, 300), 0.0),
        ((2, 0, 50), (2, 0, 0), 0.0),  # same camera
        ((2, 0, 50), (4, 1, 0), 0.0),  # other session
        ((2, 0, -1), (4, 0, 0), 0.0),  # unknown times
        ((2, 0, -1), (4, 0, -1), 0.0),
        ((3, 0, 50), (4, 0, 0), 0.0),  # unknown camera
    ],
)
def test_what_the_times_say(asking: tuple[int, int, int], asked: tuple[int, int, int], p: float) -> None:
    pictures = seen(asking, asked)
    zeros = np.zeros((2, 2), np.float32)
    assert fused_scores(temporal_fusion(two_cameras()), pictures, zeros)[0, 1] == pytest.approx(p)
    assert fused_scores(temporal_fusion(two_cameras()), pictures, zeros, backward=True)[1, 0] == pytest.approx(p)
    for cosine in (-1.0, -0.3, 0.0, 0.72, 1.0):
        joint = fused_scores(logistic_fusion(two_cameras(), 5.0), pictures, np.full((2, 2), cosine, np.float32))[0, 1]
        assert joint == pytest.approx(1 / (1 + math.exp(-5 * cosine)) / (1 + 2 * math.exp(-5 * p)), rel=1e-6)


def test_without_fusion_the_score_is_the_cosine() -> None:
    products = np.random.default_rng(0).uniform(-1, 1, (3, 3)).astype(np.float32)
    np.testing.assert_array_equal(
        fused_scores(visual_fusion(), seen((2, 0, 0), (4, 0, 5), (9, 1, -1)), products), products
    )


def test_signed_table_by_hand() -> None:
    table = signed_table(two_cameras().density_CCB, beyond=-1.0)
    np.testing.assert_allclose(table[0, 1], [-1, 0.6, 0.5, 0.4, 0.1, 0.2, 0.3, -1], rtol=1e-6)
    np.testing.assert_allclose(table[1, 0], [-1, 0.3, 0.2, 0.1, 0.4, 0.5, 0.6, -1], rtol=1e-6)
    assert (table[0, 0] == -1).all()


def test_table_that_contradicts_itself_is_refused() -> None:
    table = np.zeros((1, 1, 4), np.float32)
    table[0, 0, 3] = 1
    rule = Rule(table, 1.0, 0.0, np.float32(0), np.float32(0), np.float32(0), False)
    with pytest.raises(InputError, match="the other way round"):
        Fusion(name="x", parameters={}, cameras_C=np.array([1]), rule=rule)


@pytest.mark.parametrize("spoiled", ["table_CCS", "apart", "unknown", "alpha"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 2e30])
def test_a_rule_that_could_make_scores_infinite_is_refused(spoiled: str, value: float) -> None:
    fusion = logistic_fusion(two_cameras(), 5.0)
    wrong = np.full_like(fusion.rule.table_CCS, value) if spoiled == "table_CCS" else np.float32(value)
    with pytest.raises(InputError, match="not finite, or larger than 1e\\+30"):
        Fusion(name="x", parameters={}, cameras_C=fusion.cameras_C, rule=fusion.rule._replace(**{spoiled: wrong}))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("alpha", [1e31, 1e39, 1e300, float("inf")])
def test_an_alpha_beyond_float32_is_refused(alpha: float) -> None:
    with pytest.raises(InputError, match="alpha .* is too large"):
        logistic_fusion(two_cameras(), alpha)


def test_a_very_large_alpha_still_gives_finite_scores() -> None:
    pictures = seen((2, 0, 0), (4, 0, 150), (4, 0, -1))
    products = np.array([[1, -1, 0.5], [-1, 1, 0], [0.5, 0, 1]], np.float32)
    assert np.isfinite(fused_scores(logistic_fusion(two_cameras(), 1e30), pictures, products)).all()


def test_clocks_start_at_their_sessions_earliest_usable_time() -> None:
    begin = 1_700_000_000_123_456_789  # nanoseconds since 1970: float64 is 256 of them coarse
    pictures = seen((2, 0, begin + 7), (4, 0, begin), (2, 1, 5), (4, 0, -1), (9, 1, 3), (4, 2, -1))
    moments = locate(pictures, np.array([2, 4]))
    assert moments.time_N.tolist() == [7, 0, 0, 0, 0, 0]
    assert moments.session_N.tolist() == [0, 0, 1, -1, -1, -1]


@pytest.mark.parametrize("likelihood", [neutral_likelihood(), neutral_likelihood(np.array([2, 4]))])
def test_a_neutral_likelihood_leaves_the_cosine(likelihood: Likelihood) -> None:
    cosines = np.random.default_rng(0).uniform(-1, 1, (50, 50)).astype(np.float32)
    np.testing.assert_array_equal(
        fused_scores(likelihood_fusion(likelihood, 3.0), seen(*random_rows(0, 50)), cosines), cosines
    )


def test_weight_nought_leaves_the_cosine_and_no_other_number_is_taken() -> None:
    cosines = np.random.default_rng(0).uniform(-1, 1, (50, 50)).astype(np.float32)
    np.testing.assert_array_equal(
        fused_scores(likelihood_fusion(made_up_likelihood(), 0.0), seen(*random_rows(0, 50)), cosines), cosines
    )
    for weight in (-0.1, float("nan"), float("inf")):
        with pytest.raises(InputError, match="weight"):
            likelihood_fusion(made_up_likelihood(), weight)


def test_what_is_recorded() -> None:
    assert dict(likelihood_fusion(made_up_likelihood(), 0.5).parameters) == {
        "weight": 0.5,
        "same_camera": "neutral",
        "bin_width": 3,
        "equal_bins": 0,
        "neutral": 0.125,
        "near": 0.75,
        "apart": -2.5,
        "pooling": 1.0,
        "identities": 6,
        "identities_compared": 8,
        "sessions": 2,
    }


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("weight", [1e30, 1e38, 1e39, 1e300])
def test_a_weight_beyond_float32_is_refused(weight: float) -> None:
    with pytest.raises(InputError, match="weight .* is too large"):
        likelihood_fusion(made_up_likelihood(), weight)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", ["near", "apart"])
@pytest.mark.parametrize("value", [1e300, -1e300, 1e39])
def test_log_ratios_beyond_float32_are_refused(name: str, value: float) -> None:
    with pytest.raises(InputError, match="log ratio between sessions, 1e.* is too large"):
        likelihood_fusion(made_up_likelihood(**{name: value}), 0.0)
