"""What stands before a person hides some of them and never all."""

import numpy as np

from streid.data.rendered.occluders import draw_occluder


def hidden(seed: int) -> np.ndarray:
    """Where the layer hides what is behind it (64 x 128)."""
    return np.asarray(draw_occluder(np.random.default_rng(seed), 64, 128))[..., 3] > 127


def test_layers_have_the_size_asked_for_and_repeat_with_their_generator() -> None:
    layer = draw_occluder(np.random.default_rng(3), 40, 90)
    assert (layer.mode, layer.size) == ("RGBA", (40, 90))
    assert layer.tobytes() == draw_occluder(np.random.default_rng(3), 40, 90).tobytes()


def test_something_is_hidden_and_most_is_seen() -> None:
    shares = [hidden(seed).mean() for seed in range(60)]
    assert min(shares) > 0
    assert max(shares) < 0.6
    assert 0.05 < np.mean(shares) < 0.35


def test_the_ground_is_hidden_more_often_than_the_head() -> None:
    layers = np.mean([hidden(seed) for seed in range(60)], axis=0)
    assert layers[-20:].mean() > layers[:40].mean()
