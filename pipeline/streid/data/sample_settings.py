"""Settings of the samples of a training step, and of the random changes of their pictures."""

from typing import Annotated, Literal

from annotated_types import Ge, Le

from streid.errors import InputError
from streid.stage.settings import READ, Count, Fraction, Pixels, Section


class PictureSettings(Section):
    """Size of the input."""

    height: Pixels = 384
    """input rows, pixels"""
    width: Pixels = 192
    """input columns, pixels"""


class SamplerSettings(Section):
    """Batches.

    With `pk`, a batch has batch_size / pictures_per_identity identities, for the triplet loss (Hermans et al., 2017).
    """

    sampler: Literal["shuffle", "pk"] = "shuffle"
    """shuffle (every picture once), or pk (identities with several pictures each)"""
    batch_size: Annotated[int, Ge(2), Le(1_000_000), READ] = 32
    """pictures or clips per batch, over all processes together"""
    pictures_per_identity: Count = 4
    """K of the sampler pk; a batch has batch_size / K identities"""

    @property
    def identities_per_batch(self) -> int:
        """P of the sampler pk."""
        return self.batch_size // self.pictures_per_identity

    def check(self) -> None:
        """Refuse a batch that does not consist of whole identities."""
        super().check()
        if self.sampler == "pk" and self.batch_size % self.pictures_per_identity:
            raise InputError(
                f"batch_size {self.batch_size} is not a multiple of pictures_per_identity {self.pictures_per_identity}"
            )

    def check_shares(self, processes: int) -> None:
        """Refuse batches that processes cannot share evenly; with `pk` each process gets whole identities.

        Raises:
            InputError: this number of processes cannot share a batch.
        """
        groups, what = (
            (self.identities_per_batch, "identities") if self.sampler == "pk" else (self.batch_size, "pictures")
        )
        if groups % processes or self.batch_size // processes < 2:
            raise InputError(
                f"{groups} {what} of a batch cannot be shared among {processes} processes evenly, 2 pictures or more "
                "each; choose another batch_size or another number of processes"
            )

    def check_identities(self, count: int) -> None:
        """Refuse a training set too small for a batch of different people.

        Raises:
            InputError: the sampler pk puts more identities into a batch than the `count` there are.
        """
        if self.sampler == "pk" and count < self.identities_per_batch:
            raise InputError(
                f"a batch of {self.identities_per_batch} identities cannot be made from {count}; lower batch_size or "
                "raise pictures_per_identity"
            )


class AugmentationSettings(PictureSettings):
    """Random changes of the training pictures (erasing: Zhong et al., AAAI 2020, area 2-40 %)."""

    crop_scale: Annotated[float, Ge(1), Le(2), READ] = 1.0
    """resize to this factor of the input, then crop at random; 1: no crop"""
    padding: Annotated[int, Ge(0), Le(2048), READ] = 0
    """black pixels added on every side before the random crop"""
    colour_jitter: Fraction = 0.0
    """strength of random brightness, contrast, saturation, hue; 0: none"""
    grayscale: Fraction = 0.0
    """probability of turning a picture grey"""
    flip: Fraction = 0.5
    """probability of mirroring"""
    erasing: Fraction = 0.5
    """probability of random erasing"""

    def check(self) -> None:
        """Refuse padding beyond half the picture."""
        super().check()
        if self.padding > min(self.height, self.width) // 2:
            raise InputError(
                f"padding {self.padding} is more than half the shorter side of height {self.height}, width {self.width}"
            )
