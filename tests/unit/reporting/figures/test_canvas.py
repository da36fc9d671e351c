"""Figures in pixels: maps over pictures, matrices, scales, and photographs kept small."""

import base64
import io
import re

import numpy as np
from matplotlib.axes import Axes
from PIL import Image

from streid.reporting.figures.canvas import HEAT, Canvas, Span, as_seen, coloured, heat_over
from streid.reporting.figures.charts import Chart, draw_chart

IMAGES = re.compile(rb"data:image/(\w+);base64,\s*([A-Za-z0-9+/=\s]+)\"")


def noise(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (128, 64, 3), np.uint8)


def gradient() -> np.ndarray:
    return np.stack(np.broadcast_arrays(np.arange(128)[:, None], 2 * np.arange(64), 50), 2).astype(np.uint8)


def drawn(photographs: bool) -> Chart:
    def paint(axes: Axes) -> None:
        canvas = Canvas(axes, (200, 150))
        canvas.picture(gradient(), (5, 10, 54, 108))
        canvas.matrix(np.array([[0.0, 0.25], [0.5, 1.0]]), (80, 10, 50, 50), Span(0, 1), numbers=True)

    return draw_chart(name="a", title="A", alt="a", size=(200, 150), paint=paint, photographs=photographs)


def images(chart: Chart) -> list[tuple[str, np.ndarray]]:
    found = IMAGES.findall(chart.svg)
    return [
        (kind.decode(), np.asarray(Image.open(io.BytesIO(base64.b64decode(content))).convert("RGB")))
        for kind, content in found
    ]


def test_a_span_gives_shares() -> None:
    np.testing.assert_allclose(Span(2, 6).share(np.array([1.0, 2, 3, 6, 7])), [0, 0, 0.25, 1, 1])
    np.testing.assert_array_equal(Span(3, 3).share(np.array([3.0, 4])), [0, 0])


def test_heat_is_where_the_map_is_high() -> None:
    planted = np.zeros((6, 3), np.float32)
    planted[4, 1] = 2
    over = heat_over(noise(), planted, Span(0, 2)).astype(int)
    brightness = over.sum(axis=2)
    row, column = np.unravel_index(brightness.argmax(), brightness.shape)
    assert 4 / 6 * 128 <= row < 5 / 6 * 128
    assert 1 / 3 * 64 <= column < 2 / 3 * 64
    # Far from it there is the coldest colour over the grey picture.
    by_hand = 0.6 * coloured(np.zeros(1, np.float32), HEAT)[0] + 0.4 * noise()[0, 0].astype(float).mean()
    np.testing.assert_allclose(over[0, 0], by_hand, atol=1)


def test_pictures_are_stretched_to_a_networks_input() -> None:
    assert as_seen(Image.new("RGB", (100, 90))).shape == (128, 64, 3)


def test_photographs_are_jpeg_and_small_matrices_are_not() -> None:
    plain, light = images(drawn(photographs=False)), images(drawn(photographs=True))
    assert [kind for kind, _ in plain] == ["png", "png"]
    assert [kind for kind, _ in light] == ["jpeg", "png"]
    assert plain[0][1].shape == light[0][1].shape == (128, 64, 3)
    assert np.abs(plain[0][1].astype(int) - light[0][1]).max() < 20
    np.testing.assert_array_equal(plain[1][1], light[1][1])
    assert b"image-rendering" not in drawn(photographs=True).svg


def test_a_matrix_stands_as_written_with_its_numbers() -> None:
    chart = drawn(photographs=False)
    (_, cells) = images(chart)[1]
    expected = coloured(np.array([[0.0, 0.25], [0.5, 1.0]], np.float32), "viridis")
    found = cells if (cells[0, 0] == expected[0, 0]).all() else cells[::-1]  # SVG may hold it upside down
    np.testing.assert_array_equal(found, expected)
    for number in (b">0<", b">25<", b">50<", b">100<"):
        assert number in chart.svg
