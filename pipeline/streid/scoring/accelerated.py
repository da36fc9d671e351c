"""Joint scores and nearest neighbours in torch, on any device it knows: the same as `kernels` on the CPU.

Shape suffixes: N pictures, D feature values, C cameras, S signed bins, R rows and W columns of a block,
K kept neighbours.
"""

import numpy as np
import torch

from streid.arrays import FeatureArray
from streid.scoring.compilation import Int32Array, Moments, Rule
from streid.scoring.kernels import ROUND_UP

BLOCK_BYTES = 64  # of intermediate values per pair of a block
SHARE = 0.5  # of the free memory that features, or a block, may take
LARGEST_BLOCK = 1 << 25
LOW_HALF = (1 << 32) - 1
SIGNLESS = 0x7FFFFFFF


def resident(features: torch.Tensor, device: torch.device) -> torch.Tensor:
    """The features moved to the device; left where they are if they would fill more than SHARE of its free memory."""
    free = free_bytes(device)
    fits = free is None or features.nbytes <= SHARE * free
    return features.to(device) if fits else features


def free_bytes(device: torch.device) -> int | None:
    """Free memory of a GPU; None for any other device."""
    return torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else None


class DeviceScores:
    """Joint scores of pictures whose cameras and times are on a device; the features are where `resident` put them."""

    def __init__(
        self, features: torch.Tensor, pictures: Moments, rule: Rule, device: torch.device, precision: str = "fp32"
    ) -> None:
        self._device = device
        self._rough = precision == "bf16"
        self._features_ND = resident(features.to(torch.bfloat16), device) if self._rough else features
        self._camera_N = torch.from_numpy(pictures.camera_N).to(device, torch.int64)
        self._session_N = torch.from_numpy(pictures.session_N).to(device)
        self._time_N = torch.from_numpy(pictures.time_N).to(device)
        self._table = torch.from_numpy(np.ascontiguousarray(rule.table_CCS)).to(device).reshape(-1)
        self._rule = rule
        free = free_bytes(device)
        self._block_values = LARGEST_BLOCK if free is None else min(LARGEST_BLOCK, int(SHARE * free) // BLOCK_BYTES)

    def nearest(self, count: int, block_rows: int) -> tuple[Int32Array, FeatureArray, FeatureArray]:
        """The `count` nearest of every picture, best first, ties by index, and its lowest score.

        Returns:
            Indices (N, K), scores (N, K) and lowest scores (N,), as in `neighbours.Neighbours`.
        """
        total = len(self._time_N)
        kept = min(count, total)
        rows_at_once = min(block_rows, total)
        columns_at_once = max(kept, self._block_values // rows_at_once)
        indices_NK = np.empty((total, kept), np.int32)
        scores_NK = np.empty((total, kept), np.float32)
        lowest_N = np.empty(total, np.float32)
        for row in range(0, total, rows_at_once):
            rows = slice(row, min(row + rows_at_once, total))
            best_RK = torch.empty((rows.stop - row, 0), dtype=torch.int64, device=self._device)
            lowest_R = torch.full((rows.stop - row,), torch.inf, device=self._device)
            for column in range(0, total, columns_at_once):
                columns = slice(column, min(column + columns_at_once, total))
                scores_RW = self.scores(rows, columns)
                lowest_R = torch.minimum(lowest_R, scores_RW.amin(dim=1))
                keys_RW = torch.cat((best_RK, _keys(scores_RW, column)), dim=1)
                best_RK = keys_RW.topk(min(kept, keys_RW.shape[1]), dim=1, sorted=True).values
            found_RK, values_RK = _decoded(best_RK)
            indices_NK[rows], scores_NK[rows] = found_RK.cpu().numpy(), values_RK.cpu().numpy()
            lowest_N[rows] = lowest_R.cpu().numpy()
        return indices_NK, scores_NK, lowest_N

    def scores(self, rows: slice, columns: slice) -> torch.Tensor:
        """Joint scores with the pictures `columns` as queries and the pictures `rows` as gallery (R, W)."""
        products_RW = self._products(rows, columns)
        values_RW = self._look_up(rows, columns)
        if self._rule.logistic:
            return values_RW.mul_(torch.sigmoid(products_RW.mul_(float(self._rule.alpha))))
        return values_RW.add_(products_RW)

    def _products(self, rows: slice, columns: slice) -> torch.Tensor:
        first_RD = self._features_ND[rows].to(self._device)
        second_WD = self._features_ND[columns].to(self._device)
        if not self._rough:
            return first_RD @ second_WD.T
        if self._device.type == "cuda":
            return torch.mm(first_RD, second_WD.T, out_dtype=torch.float32)
        return first_RD.float() @ second_WD.float().T

    def _look_up(self, rows: slice, columns: slice) -> torch.Tensor:
        """What the times say, with the pictures `columns` as queries and the pictures `rows` as gallery (R, W)."""
        rule = self._rule
        session_R1, session_W = self._session_N[rows, None], self._session_N[columns]
        known_RW = (session_R1 >= 0) & (session_W >= 0)
        unknown = torch.tensor(float(rule.unknown), device=self._device)
        if not len(self._table):
            return unknown.expand(known_RW.shape).clone()
        camera_R1, camera_W = self._camera_N[rows, None], self._camera_N[columns]
        cameras, bins = rule.table_CCS.shape[1], rule.table_CCS.shape[2]
        beyond = bins // 2 - 1
        gap_RW = self._time_N[columns] - self._time_N[rows, None]
        multiple_RW = (gap_RW.abs() * (ROUND_UP / rule.bin_width) + rule.rounding).floor_()
        steps_RW = _widened(multiple_RW, rule.equal_bins).clamp_(max=beyond)
        signed_RW = torch.where(gap_RW > 0, beyond + 1 + steps_RW, beyond - steps_RW)
        values_RW = self._table[signed_RW.add_((camera_W * cameras + camera_R1) * bins)]
        other_RW = torch.where(known_RW & (camera_R1 != camera_W), float(rule.apart), unknown)
        return torch.where(known_RW & (session_R1 == session_W), values_RW, other_RW)


def _widened(multiple_RW: torch.Tensor, equal_bins: int) -> torch.Tensor:
    """The bins of multiples of the bin width, as in `TimeBins.widened`."""
    if not equal_bins:
        return multiple_RW.clamp_(max=float(LOW_HALF)).long()
    half = equal_bins // 2
    octave_RW = (torch.frexp(multiple_RW).exponent - half.bit_length()).clamp_(min=0)
    return half * octave_RW + multiple_RW.long().bitwise_right_shift_(octave_RW)


def _keys(scores_RW: torch.Tensor, start: int) -> torch.Tensor:
    """Integers that sort as the scores do; of equal scores the lower column, counted from `start`, gets the larger."""
    bits_RW = (scores_RW + 0.0).view(torch.int32)
    ordered_RW = torch.where(bits_RW < 0, bits_RW ^ SIGNLESS, bits_RW).long()
    columns_W = torch.arange(start, start + scores_RW.shape[1], device=scores_RW.device)
    return (ordered_RW << 32) + (LOW_HALF - columns_W)


def _decoded(keys_RK: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The columns and scores that the keys were made of."""
    columns_RK = LOW_HALF - (keys_RK & LOW_HALF)
    ordered_RK = (keys_RK >> 32).int()
    bits_RK = torch.where(ordered_RK < 0, ordered_RK ^ SIGNLESS, ordered_RK)
    return columns_RK.int(), bits_RK.view(torch.float32)
