"""What computes features for extraction and search: a model trained here, or a network of another program."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from streid.appearance.unit_features import FeatureArray, Paths
from streid.data.picture_source import PictureSource

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How to compute: where pictures come from, and with what.

    dataset: name of the pictures' data set, whose cameras a model may have learned. device: auto, cpu or cuda.
    batch_size: pictures that are computed at once. workers: processes that read pictures.
    """

    source: PictureSource
    device: str
    threads: int
    batch_size: int
    precision: str = "fp32"
    workers: int = 0
    dataset: str = ""


class FeatureModel(Protocol):
    """Computes features of units.

    frames: of a clip; 1 for single pictures. feature_length: values of a feature. choices: which code it runs, as in
    `streid.stage.fingerprints`. circumstances: what else may change last bits, as in `streid.stage.circumstances`.
    network: for a network of another program how pictures go into it, as JSON; else empty.
    """

    frames: int
    feature_length: int
    device: "torch.device"
    choices: Mapping[str, str]
    circumstances: Mapping[str, str]
    network: str

    def weights(self) -> str:
        """SHA-256 of the file or files with the weights, in hexadecimal."""

    def features(
        self, chunks: Sequence[Sequence[Paths]], camids: Sequence[Sequence[int]] | None = None
    ) -> Iterator[FeatureArray]:
        """Yield the features (U, D) of each chunk's units, from the paths of the pictures of each, and its camera.

        Raises:
            InputError: a picture cannot be read, or a feature is not finite.
        """
