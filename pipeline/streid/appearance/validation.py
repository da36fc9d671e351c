"""Rank-1 and mAP on held-out identities while a model is being trained.

Each held-out unit is a query, and the others are its gallery. As usual in the field, units of its identity from its own
camera are ignored, and queries without a right match are left out.

Shape suffixes: U units, B units of a block, D feature values.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from streid.appearance.appearance_model import AppearanceModel
from streid.appearance.distribution import add_up, share_out
from streid.appearance.inference import Inference
from streid.data.units import Units
from streid.files.sightings import Sightings
from streid.stage.processes import World

BLOCK_VALUES = 1 << 24


@dataclass(frozen=True, kw_only=True)
class Validation:
    """How well held-out identities are found: fractions from 0 to 1, None where no query has a right match."""

    rank1: float | None
    mean_ap: float | None


def evaluate_features(features_UD: torch.Tensor, sightings: Sightings) -> Validation:
    """Rank-1 and mAP of ranking all other units for each unit by cosine.

    Of equal scores the lower row ranks first. Average precision is by the trapezoid rule, as in scoring.

    Args:
        features_UD: of length 1.
    """
    pid_U = torch.tensor(sightings.pid_N, device=features_UD.device)
    camid_U = torch.tensor(sightings.camid_N, device=features_UD.device)
    precisions: list[float] = []
    firsts: list[bool] = []
    step = max(1, BLOCK_VALUES // max(1, len(pid_U)))
    for start in range(0, len(pid_U), step):
        rows = slice(start, start + step)
        scores_BU = features_UD[rows] @ features_UD.T
        same_BU = pid_U[rows, None] == pid_U
        ignored_BU = same_BU & (camid_U[rows, None] == camid_U)
        scores_BU.masked_fill_(ignored_BU, -torch.inf)
        order_BU = torch.argsort(scores_BU, dim=1, descending=True, stable=True)
        right_BU = (same_BU & ~ignored_BU).gather(1, order_BU).cpu().numpy()
        for right_U in right_BU[right_BU.any(axis=1)]:
            precisions.append(average_precision(right_U))
            firsts.append(bool(right_U[0]))
    if not precisions:
        return Validation(rank1=None, mean_ap=None)
    return Validation(rank1=float(np.mean(firsts)), mean_ap=float(np.mean(precisions)))


def average_precision(right_U: npt.NDArray[np.bool_]) -> float:
    """Average precision of a ranked list by the trapezoid rule.

    Args:
        right_U: which ranks, from the first on, hold a right match; at least one does.
    """
    ranks = np.flatnonzero(right_U) + 1
    found = np.arange(1, len(ranks) + 1)
    before = np.where(ranks == 1, 1.0, (found - 1) / np.maximum(ranks - 1, 1))
    return float(((before + found / ranks) / 2).mean())


class Validator:
    """Evaluates a model on the same held-out units as often as asked; several processes share the work."""

    def __init__(self, units: Units, inference: Inference, world: World) -> None:
        self._units, self._inference, self._world = units, inference, world

    def __call__(self, model: AppearanceModel) -> Validation:
        """Evaluate the model. Every process of the run must call this, and gets the same answer: None without units.

        Raises:
            InputError: a picture cannot be read.
        """
        world = self._world
        if not len(self._units):
            return Validation(rank1=None, mean_ap=None)
        for buffer in model.buffers():
            share_out(buffer, world)
        own = range(world.rank, len(self._units), world.size)
        features_UD = torch.zeros(len(self._units), model.feature_length)
        paths = [self._units.paths[row] for row in own]
        if paths:
            camids = [int(self._units.sightings.camid_N[row]) for row in own]
            (own_features_UD,) = self._inference.features(model, [paths], [camids])
            features_UD[world.rank :: world.size] = torch.from_numpy(own_features_UD)
        features_UD = features_UD.to(self._inference.device)
        add_up(features_UD, world)
        return evaluate_features(features_UD, self._units.sightings)
