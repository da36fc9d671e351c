"""From decoded pictures to a network's input: colours, scale, mean, deviation, layout, element type, size of the batch.

Shape suffixes: N pictures of a batch, H rows, W columns, C colours.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from streid.appearance.network_file import COLOURS, NetworkForm

Pictures = npt.NDArray[np.uint8]


class InputMaker:
    """Makes inputs of a network; several threads may use it at once."""

    def __init__(self, form: NetworkForm) -> None:
        settings = form.settings
        self.form = form
        std_C = np.broadcast_to(np.array(settings.std, np.float64), COLOURS)
        mean_C = np.broadcast_to(np.array(settings.mean, np.float64), COLOURS)
        self._factor_C = (1 / (settings.scale * std_C)).astype(np.float32)
        self._shift_C = (-mean_C / std_C).astype(np.float32)
        self._order = range(COLOURS) if settings.colour == "rgb" else range(COLOURS)[::-1]

    def make(self, pictures: Pictures, batch: int) -> npt.NDArray[Any]:
        """The input for pictures (N, H, W, C) or clips (N, T, H, W, C), RGB, filled with zeros up to `batch`."""
        dtype = np.uint8 if self.form.takes_bytes else np.float32
        values = np.zeros(self.form.input_shape(batch), dtype)
        filled = values[: len(pictures)]
        colours_last = filled if self.form.channels_last else np.moveaxis(filled, -3, -1)
        for place, colour in enumerate(self._order):
            target = colours_last[..., place]
            # One pass for each step is quicker than numpy's mixed arithmetic of bytes and numbers.
            target[...] = pictures[..., colour]
            if not self.form.takes_bytes and self._factor_C[place] != 1:
                target *= self._factor_C[place]
            if not self.form.takes_bytes and self._shift_C[place]:
                target += self._shift_C[place]
        return values.astype(self.form.input.dtype, copy=False)

    def mirror(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The input of the mirrored pictures."""
        axis = -2 if self.form.channels_last else -1
        return np.ascontiguousarray(np.flip(values, axis))
