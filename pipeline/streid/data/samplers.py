"""Which pictures a training step sees: a pure function of seed, epoch and step."""

import numpy as np
import numpy.typing as npt


def epoch_batches(pictures: int, batch_size: int, *, seed: int, epoch: int) -> list[npt.NDArray[np.int64]]:
    """One epoch's batches: every picture at most once, in an order drawn from (seed, epoch).

    The last, smaller batch is left out, so that batch normalisation always sees `batch_size` pictures;
    a data set smaller than one batch is one batch.

    Args:
        pictures: number of training pictures; rows are 0-based.
        batch_size: pictures per step.
        seed: of the run.
        epoch: 1-based.
    """
    order = np.random.default_rng((seed, epoch)).permutation(pictures)
    full = max(1, pictures // batch_size)
    return [order[start * batch_size : (start + 1) * batch_size] for start in range(full)]
