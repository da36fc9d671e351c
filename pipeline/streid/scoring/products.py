"""Cosines between pictures: L2-normalised features and their inner products, block by block.

On the CPU the products are numpy's (OpenBLAS): on AMD machines it is the faster one beside torch's MKL,
and a CPU run need not load torch. On a GPU they are torch's, in full float32.

Shape suffixes: N pictures, D feature values, R rows and W columns of a block.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from streid.artifacts import FeatureArray, FeatureGroup
from streid.devices import choose_device, visible_devices
from streid.errors import InputError

if TYPE_CHECKING:
    import torch as pytorch

NORMALISED_ROWS = 4096


def normalised_features(groups: Mapping[str, FeatureGroup], names: Sequence[str]) -> FeatureArray:
    """The named groups' features one after the other, each row of length 1.

    Raises:
        InputError: a row is all zeros, so that it has no direction.
    """
    shape = (sum(len(groups[name].features_ND) for name in names), groups[names[0]].features_ND.shape[1])
    features_ND = np.empty(shape, np.float32)
    start = 0
    for name in names:
        group_ND = groups[name].features_ND
        for first in range(0, len(group_ND), NORMALISED_ROWS):
            rows_RD = group_ND[first : first + NORMALISED_ROWS]
            largest_R = np.abs(rows_RD).max(axis=1, initial=0)
            if not largest_R.all():
                row = first + int(np.argmin(largest_R))
                raise InputError(f"group {name}: features of row {row} are all zero; extract that picture again")
            scaled_RD = rows_RD / largest_R[:, None]  # keeps squares of very large or small values in range
            scaled_RD /= np.sqrt(np.einsum("rd,rd->r", scaled_RD, scaled_RD, dtype=np.float32))[:, None]
            features_ND[start + first : start + first + len(rows_RD)] = scaled_RD
        start += len(group_ND)
    return features_ND


def product_device(name: str) -> "pytorch.device | None":
    """The GPU to multiply on for `--device auto|cpu|cuda`, or None for the CPU, which needs no torch.

    Raises:
        InputError: cuda is asked for where there is none.
    """
    if name == "cpu" or (name == "auto" and not visible_devices()):
        return None
    device = choose_device(name)
    return device if device.type == "cuda" else None


class PairProducts:
    """Inner products of the rows of one feature matrix, one block at a time."""

    def __init__(self, features_ND: FeatureArray, device: "pytorch.device | None" = None) -> None:
        self.features_ND = features_ND
        self._on_device: pytorch.Tensor | None = None
        if device is not None:
            import torch

            self._on_device = torch.from_numpy(features_ND).to(device)

    def __len__(self) -> int:
        return len(self.features_ND)

    def block(self, rows: slice, columns: slice, out: FeatureArray | None = None) -> FeatureArray:
        """The products of `rows` with `columns` (R, W), float32, in `out`'s memory where it is given.

        Args:
            out: a contiguous float32 array of at least R x W values.
        """
        shape = (rows.stop - rows.start, columns.stop - columns.start)
        size = shape[0] * shape[1]
        products_RW = (np.empty(size, np.float32) if out is None else out.reshape(-1)[:size]).reshape(shape)
        if self._on_device is None:
            np.matmul(self.features_ND[rows], self.features_ND[columns].T, out=products_RW)
        else:
            import torch

            torch.from_numpy(products_RW).copy_(self._on_device[rows] @ self._on_device[columns].T)
        return products_RW
