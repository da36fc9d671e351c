"""Training losses of the appearance models."""

from collections.abc import Sequence

import torch
from torch.nn import functional


def identity_loss(logits: Sequence[torch.Tensor], labels_N: torch.Tensor, label_smoothing: float = 0.0) -> torch.Tensor:
    """Sum over the heads of the mean cross-entropy, as PCB adds its parts' losses (Sun et al., 2018, eq. 2).

    Args:
        logits: one (N, identities) tensor per head.
        labels_N: class of each picture, 0-based.
        label_smoothing: share of the target spread over all classes (Szegedy et al., 2016).
    """
    losses = [functional.cross_entropy(head.float(), labels_N, label_smoothing=label_smoothing) for head in logits]
    return torch.stack(losses).sum()


def correct_predictions(logits: Sequence[torch.Tensor], labels_N: torch.Tensor) -> torch.Tensor:
    """Number of pictures whose heads, their logits added, put the right identity first."""
    return (torch.stack(list(logits)).sum(0).argmax(1) == labels_N).sum()
