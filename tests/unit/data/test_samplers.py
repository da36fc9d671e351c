"""Batches as pure functions of seed and epoch, and what the PK sampler promises."""

import numpy as np
import pytest

from streid.data.sample_settings import SamplerSettings
from streid.data.samplers import epoch_batches
from streid.errors import InputError

SHUFFLE = SamplerSettings(sampler="shuffle", batch_size=3)


def labels_of(counts: list[int]) -> np.ndarray:
    """Labels of a data set whose identities have so many samples, mixed."""
    return np.random.default_rng(7).permutation(np.repeat(np.arange(len(counts)), counts))


def test_shuffled_batches_partition_an_epoch() -> None:
    labels = [0] * 11
    batches = epoch_batches(SHUFFLE, labels, seed=1, epoch=2)
    assert batches.shape == (3, 3)
    assert len(set(batches.ravel().tolist())) == 9
    np.testing.assert_array_equal(batches, epoch_batches(SHUFFLE, labels, seed=1, epoch=2))
    assert not np.array_equal(batches, epoch_batches(SHUFFLE, labels, seed=1, epoch=3))
    assert not np.array_equal(batches, epoch_batches(SHUFFLE, labels, seed=2, epoch=2))
    assert epoch_batches(SHUFFLE, [0, 0], seed=0, epoch=1).shape == (1, 2)


@pytest.mark.parametrize(
    ("counts", "identities", "per_identity"),
    [
        ([9, 9, 9, 9], 2, 3),
        ([1, 1, 1, 1, 1], 2, 4),  # nobody has K samples
        ([40, 1, 1, 1, 1], 2, 4),  # one identity with far more than the rest
        ([3, 17, 8, 25, 4, 4, 11], 7, 2),  # every identity in every batch
        (list(range(1, 60)), 8, 4),
    ],
)
@pytest.mark.parametrize("epoch", [1, 2])
def test_pk_batches_hold_every_identity_and_none_twice(
    counts: list[int], identities: int, per_identity: int, epoch: int
) -> None:
    config = SamplerSettings(sampler="pk", batch_size=identities * per_identity, pictures_per_identity=per_identity)
    labels = labels_of(counts)
    batches = epoch_batches(config, labels, seed=3, epoch=epoch)
    assert len(batches) == len(epoch_batches(config, labels, seed=5, epoch=epoch + 7))
    seen = labels[batches].reshape(len(batches), identities, per_identity)
    assert (seen == seen[:, :, :1]).all()
    assert all(len(set(batch)) == identities for batch in seen[:, :, 0].tolist())
    assert set(seen.ravel().tolist()) == set(range(len(counts)))
    for group in batches.reshape(-1, per_identity):
        assert len(set(group.tolist())) == min(per_identity, counts[labels[group[0]]])
    np.testing.assert_array_equal(batches, epoch_batches(config, labels, seed=3, epoch=epoch))
    if len(batches) > 1:
        assert not np.array_equal(batches, epoch_batches(config, labels, seed=4, epoch=epoch))


def test_pk_batches_show_identities_as_often_as_they_have_samples() -> None:
    config = SamplerSettings(sampler="pk", batch_size=8, pictures_per_identity=2)
    counts = [8, 16, 8, 16, 8, 16]
    labels = labels_of(counts)
    batches = epoch_batches(config, labels, seed=0, epoch=1)
    assert len(batches) == sum(counts) // 8
    assert np.bincount(labels[batches].ravel()).tolist() == counts
    assert len(set(batches.ravel().tolist())) == sum(counts)


def test_neighbours_in_a_batch_change_within_an_epoch() -> None:
    config = SamplerSettings(sampler="pk", batch_size=8, pictures_per_identity=2)
    labels = labels_of([20] * 20)
    batches = labels[epoch_batches(config, labels, seed=0, epoch=1)][:, ::2]
    pairs = {tuple(sorted((one, two))) for batch in batches.tolist() for one in batch for two in batch if one != two}
    assert len(pairs) > 150  # of 190; 50 batches hold 300


def test_too_few_identities_are_refused() -> None:
    config = SamplerSettings(sampler="pk", batch_size=8, pictures_per_identity=2)
    with pytest.raises(InputError, match="4 identities cannot be made from 3"):
        epoch_batches(config, [0, 1, 2], seed=0, epoch=1)
