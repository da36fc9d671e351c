"""Inputs of networks by hand: every layout, order of colours, element type and scaling."""

from pathlib import Path

import numpy as np
import pytest

from streid.appearance.network_file import NetworkFile, Port, find_form
from streid.appearance.network_input import InputMaker
from streid.appearance.network_settings import NetworkSettings

PICTURES = np.random.default_rng(0).integers(0, 256, (2, 4, 3, 3), np.uint8)
MEAN, STD = [0.5, 0.4, 0.3], [0.2, 0.3, 0.25]


def maker(layout: str, dtype: str, **said: object) -> InputMaker:
    shape = (None, 3, 4, 3) if layout == "nchw" else (None, 4, 3, 3)
    port = Port(name="x", shape=shape, dtype=dtype)
    output = Port(name="f", shape=None, dtype="float32")
    file = NetworkFile(path=Path("n.onnx"), inputs=[port], outputs=[output], metadata={})
    return InputMaker(find_form(file, NetworkSettings.of(layout=layout, **said)))


@pytest.mark.parametrize("layout", ["nchw", "nhwc"])
@pytest.mark.parametrize("colour", ["rgb", "bgr"])
@pytest.mark.parametrize(("dtype", "near"), [("float32", 1e-6), ("float16", 2e-3)])
def test_pixels_are_scaled_ordered_and_laid_out(layout: str, colour: str, dtype: str, near: float) -> None:
    made = maker(layout, dtype, colour=colour, mean=MEAN, std=STD).make(PICTURES, 3)
    expected = np.zeros((3, 4, 3, 3))
    for picture, row, column, place in np.ndindex(PICTURES.shape):
        source = place if colour == "rgb" else 2 - place
        value = PICTURES[picture, row, column, source] / 255
        expected[picture, row, column, place] = (value - MEAN[place]) / STD[place]
    assert made.dtype == dtype
    np.testing.assert_allclose(made, expected if layout == "nhwc" else expected.transpose(0, 3, 1, 2), atol=near)


def test_bytes_go_in_as_they_are_and_the_mirror_image_is_turned() -> None:
    plain = maker("nchw", "uint8")
    made = plain.make(PICTURES, 2)
    np.testing.assert_array_equal(made, PICTURES.transpose(0, 3, 1, 2))
    np.testing.assert_array_equal(plain.mirror(made), PICTURES[:, :, ::-1].transpose(0, 3, 1, 2))
    last = maker("nhwc", "uint8", colour="bgr")
    np.testing.assert_array_equal(last.mirror(last.make(PICTURES, 2)), PICTURES[:, :, ::-1, ::-1])
