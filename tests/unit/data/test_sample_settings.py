"""What a training step may see: values that do not fit together are refused."""

import pytest

from streid.data.sample_settings import AugmentationSettings, SamplerSettings
from streid.errors import InputError

SHUFFLE = SamplerSettings(sampler="shuffle", batch_size=3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sampler": "random"}, "sampler is 'random'; it must be one of shuffle, pk"),
        ({"batch_size": 1}, "batch_size is 1; it must be a whole number of at least 2"),
        ({"sampler": "pk", "batch_size": 10}, "batch_size 10 is not a multiple of pictures_per_identity 4"),
    ],
)
def test_unusable_samplers_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        SamplerSettings.of(**changes)


def test_batches_that_processes_cannot_share_are_refused() -> None:
    SamplerSettings(sampler="pk", batch_size=16).check_identities(4)
    SHUFFLE.check_identities(1)
    with pytest.raises(InputError, match="a batch of 4 identities cannot be made from 3; lower batch_size or raise"):
        SamplerSettings(sampler="pk", batch_size=16).check_identities(3)
    SamplerSettings(sampler="pk", batch_size=16).check_shares(4)
    with pytest.raises(InputError, match="4 identities of a batch cannot be shared among 8 processes"):
        SamplerSettings(sampler="pk", batch_size=16).check_shares(8)
    with pytest.raises(InputError, match="3 pictures of a batch cannot be shared among 2 processes"):
        SHUFFLE.check_shares(2)
    with pytest.raises(InputError, match="2 pictures or more"):
        SHUFFLE.check_shares(3)


@pytest.mark.parametrize(
    "changes",
    [{"height": 8}, {"crop_scale": 0.5}, {"flip": 2.0}, {"colour_jitter": 2.0}, {"padding": 17}, {"grayscale": -0.1}],
)
def test_unusable_augmentation_is_refused(changes: dict[str, float]) -> None:
    with pytest.raises(InputError, match=next(iter(changes))):
        AugmentationSettings.of(**{"height": 64, "width": 32} | changes)
