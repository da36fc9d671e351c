"""The samples of each training step: a pure function of seed, epoch and step.

Shape suffixes: B batches of an epoch, N samples of a batch, U samples of the data set, I identities.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from streid.data.sample_settings import SamplerSettings

IntArray = npt.NDArray[np.int64]


def epoch_batches(settings: SamplerSettings, labels_U: Sequence[int] | IntArray, *, seed: int, epoch: int) -> IntArray:
    """One epoch's batches of sample rows (B, N); B is the same in every epoch.

    Args:
        labels_U: identity of each sample.
        epoch: 1-based.

    Raises:
        InputError: the PK sampler has fewer identities than it puts into a batch.
    """
    generator = np.random.default_rng((seed, epoch))
    labels_U = np.asarray(labels_U, np.int64)
    settings.check_identities(len(np.unique(labels_U)))
    if settings.sampler == "shuffle":
        return _shuffled(len(labels_U), settings.batch_size, generator)
    return _by_identity(labels_U, settings.identities_per_batch, settings.pictures_per_identity, generator)


def _shuffled(samples: int, batch_size: int, generator: np.random.Generator) -> IntArray:
    """Every sample at most once; a last, smaller batch is left out.

    So batch normalisation always gets `batch_size` samples. A data set smaller than a batch is one batch.
    """
    order_U = generator.permutation(samples)
    full = max(1, samples // batch_size)
    return order_U[: full * batch_size].reshape(full, -1)


def _by_identity(
    labels_U: IntArray, identities_per_batch: int, per_identity: int, generator: np.random.Generator
) -> IntArray:
    """Batches of P identities with K samples each: every identity is in a batch, and in each at most once.

    An identity with n samples gets max(1, n // K) places in the epoch, as many as fit. Places are then added or removed
    for random identities, until all batches are full.
    """
    identities_I, counts_I = np.unique(labels_U, return_counts=True)
    wanted_I = np.maximum(1, counts_I // per_identity)
    batches = max(-(-len(identities_I) // identities_per_batch), int(wanted_I.sum()) // identities_per_batch)
    places_I = _fit_places(wanted_I, batches, identities_per_batch, generator)
    plan_BP = _spread(places_I, batches, generator)
    rows = {
        identity: iter(_draw_samples(np.flatnonzero(labels_U == value), per_identity, places_I[identity], generator))
        for identity, value in enumerate(identities_I)
    }
    return np.array([np.concatenate([next(rows[identity]) for identity in batch]) for batch in plan_BP.tolist()])


def _fit_places(wanted_I: IntArray, batches: int, per_batch: int, generator: np.random.Generator) -> IntArray:
    """Places of each identity: from 1 to `batches`, close to `wanted_I`; their sum is batches * per_batch."""
    places_I = np.minimum(wanted_I, batches)
    missing = batches * per_batch - int(places_I.sum())
    while missing:
        open_ = np.flatnonzero(places_I < batches) if missing > 0 else np.flatnonzero(places_I > 1)
        chosen = generator.choice(open_, size=min(abs(missing), len(open_)), replace=False)
        places_I[chosen] += np.sign(missing)
        missing -= int(np.sign(missing)) * len(chosen)
    return places_I


def _spread(places_I: IntArray, batches: int, generator: np.random.Generator) -> IntArray:
    """Identities of each batch (B, P), each at most once in a batch.

    Identities are dealt to the batches one after the other, so no batch gets one twice; then random exchanges between
    batches mix them.
    """
    order_I = generator.permutation(len(places_I))
    laid_out = np.repeat(order_I, places_I[order_I])
    plan_BP = laid_out.reshape(-1, batches).T.copy()
    members = [set(batch) for batch in plan_BP.tolist()]
    per_batch = plan_BP.shape[1]
    draws = generator.integers(0, (batches, per_batch, batches, per_batch), size=(4 * len(laid_out), 4))
    for batch, place, other, other_place in draws.tolist():
        one, two = int(plan_BP[batch, place]), int(plan_BP[other, other_place])
        if one in members[other] or two in members[batch]:
            continue
        plan_BP[batch, place], plan_BP[other, other_place] = two, one
        members[batch] ^= {one, two}
        members[other] ^= {one, two}
    return plan_BP[generator.permutation(batches)]


def _draw_samples(rows: IntArray, per_identity: int, places: int, generator: np.random.Generator) -> IntArray:
    """Samples of one identity for each of its places (places, K), in random order; they repeat after the last one.

    In one place no sample occurs twice, if the identity has K.
    """
    drawn = np.empty((places, per_identity), np.int64)
    waiting: list[int] = []
    for place in range(places):
        if len(waiting) < per_identity:
            fresh = generator.permutation(rows).tolist()
            # Samples not used yet come first; they are used again only after all the others.
            waiting += [row for row in fresh if row not in waiting] + [row for row in fresh if row in waiting]
        while len(waiting) < per_identity:
            waiting += generator.permutation(rows).tolist()
        drawn[place], waiting = waiting[:per_identity], waiting[per_identity:]
    return drawn
