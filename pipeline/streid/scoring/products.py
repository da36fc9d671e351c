"""Cosines between pictures: L2-normalised features and their inner products, block by block.

On the CPU numpy (OpenBLAS) computes the products: it needs no torch and is faster on AMD. On Intel processors torch's
MKL is a tenth faster; it is used where torch is loaded already or the work is large enough to repay loading it. On a
GPU torch computes them in full float32. `bf16` products always come from torch.

Shape suffixes: N pictures, D feature values, R rows and W columns of a block.
"""

import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from streid.arrays import FeatureArray
from streid.errors import InputError
from streid.files.features import FeatureGroup, largest_of_rows, refuse_zero_rows
from streid.stage.devices import choose_device, visible_devices

if TYPE_CHECKING:
    import torch as pytorch

logger = logging.getLogger(__name__)
NORMALISED_ROWS = 4096
PRECISIONS = ("fp32", "bf16")
REPAYS_LOADING_TORCH = 5e12  # multiply-adds between all pictures, about 30 s on two cores
BF16_FLAGS = frozenset({"amx_bf16", "avx512_bf16"})


def normalised_features(groups: Mapping[str, FeatureGroup], names: Sequence[str]) -> FeatureArray:
    """The named groups' features one after the other, each row of length 1.

    Raises:
        InputError: a row is all zeros, so that it has no direction.
    """
    features_ND = np.concatenate([groups[name].features_ND for name in names], dtype=np.float32)
    start = 0
    for name in names:
        rows = len(groups[name].features_ND)
        normalise(features_ND[start : start + rows], name)
        start += rows
    return features_ND


def normalise(features_ND: FeatureArray, group: str, first: int = 0) -> None:
    """Bring each row to length 1 in place.

    Args:
        group, first: the rows' group, and the number of the first row in it, for the message.

    Raises:
        InputError: a row is all zeros, so that it has no direction.
    """
    for start in range(0, len(features_ND), NORMALISED_ROWS):
        rows_RD = features_ND[start : start + NORMALISED_ROWS]
        largest_R = largest_of_rows(rows_RD)
        refuse_zero_rows(largest_R, f"group {group}", first + start)
        rows_RD /= largest_R[:, None]  # keeps squares of very large or small values in range
        rows_RD /= np.sqrt(np.einsum("rd,rd->r", rows_RD, rows_RD, dtype=np.float32))[:, None]


def product_device(name: str) -> "pytorch.device | None":
    """The GPU to multiply on for `--device auto|cpu|cuda`, or None for the CPU, which needs no torch.

    Raises:
        InputError: `name` is cuda and there is no GPU.
    """
    if name == "cpu" or (name == "auto" and not visible_devices()):
        return None
    device = choose_device(name)
    return device if device.type == "cuda" else None


class PairProducts:
    """Inner products of the rows of one feature matrix, one block at a time.

    precision: the precision of `rough_block`, one of PRECISIONS. device: the GPU, or None for the CPU.
    """

    def __init__(
        self, features_ND: FeatureArray, device: "pytorch.device | None" = None, precision: str = "fp32"
    ) -> None:
        if precision not in PRECISIONS:
            raise InputError(f"precision is {' or '.join(PRECISIONS)}, not {precision}")
        self.features_ND = features_ND
        self.device = device
        self.precision = precision
        self.features_on_device: pytorch.Tensor | None = None
        self._by_torch = device is None and prefers_torch(len(features_ND) ** 2 * features_ND.shape[1])
        if device is None and precision == "bf16" and not processor()[1] & BF16_FLAGS:
            logger.warning("this processor has no bf16 arithmetic: --precision bf16 gains nothing on it")
        if device is not None:
            import torch

            from streid.scoring.accelerated import resident

            self.features_on_device = resident(torch.from_numpy(features_ND), device)

    def __len__(self) -> int:
        return len(self.features_ND)

    def block(self, rows: slice, columns: slice, out: FeatureArray | None = None) -> FeatureArray:
        """The products of `rows` with `columns` (R, W), float32, in the memory of `out` where that is given.

        Args:
            out: a contiguous float32 array of at least R x W values.
        """
        products_RW = self._room(rows, columns, out)
        features_ND = self.features_on_device
        if features_ND is not None:
            import torch

            found_RW = features_ND[rows].to(self.device) @ features_ND[columns].to(self.device).T
            torch.from_numpy(products_RW).copy_(found_RW)
        elif self._by_torch:
            self._multiply_by_torch(rows, columns, products_RW)
        else:
            np.matmul(self.features_ND[rows], self.features_ND[columns].T, out=products_RW)
        return products_RW

    def rough_block(self, rows: slice, columns: slice, out: FeatureArray | None = None) -> FeatureArray:
        """As `block`, in the chosen precision: with bf16 the features are rounded to 8 bits, the sums are not."""
        if self.precision == "fp32" or self.device is not None:
            return self.block(rows, columns, out)
        products_RW = self._room(rows, columns, out)
        with _bf16_products():
            self._multiply_by_torch(rows, columns, products_RW)
        return products_RW

    def _room(self, rows: slice, columns: slice, out: FeatureArray | None) -> FeatureArray:
        shape = (rows.stop - rows.start, columns.stop - columns.start)
        size = shape[0] * shape[1]
        return (np.empty(size, np.float32) if out is None else out.reshape(-1)[:size]).reshape(shape)

    def _multiply_by_torch(self, rows: slice, columns: slice, products_RW: FeatureArray) -> None:
        import torch

        features_ND = torch.from_numpy(self.features_ND)
        torch.mm(features_ND[rows], features_ND[columns].T, out=torch.from_numpy(products_RW))


def prefers_torch(multiply_adds: float) -> bool:
    """Whether torch, not numpy, should do this much float32 work on the CPU."""
    return processor()[0] == "GenuineIntel" and ("torch" in sys.modules or multiply_adds >= REPAYS_LOADING_TORCH)


@cache
def processor() -> tuple[str, frozenset[str]]:
    """The CPU's vendor and feature flags as Linux names them; empty elsewhere."""
    source = Path("/proc/cpuinfo")
    lines = source.read_text(encoding="utf-8").splitlines() if source.is_file() else []
    fields = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    return fields.get("vendor_id", ""), frozenset(fields.get("flags", "").split())


@contextmanager
def _bf16_products() -> Iterator[None]:
    """Let torch round the factors of float32 products on the CPU to bf16."""
    import torch

    settings: Any = torch.backends.mkldnn
    before = settings.matmul.fp32_precision
    settings.matmul.fp32_precision = "bf16"
    try:
        yield
    finally:
        settings.matmul.fp32_precision = before
