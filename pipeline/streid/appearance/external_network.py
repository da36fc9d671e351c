"""Features by a network of another program: pictures are read ahead while several calls of its library compute.

Each of the threads computes batches of its own, one core each: so no core waits for another, and reading pictures
takes what is left. Shape suffixes: N pictures of a batch, D feature values.
"""

import importlib.metadata
import logging
from collections import deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch

from streid.appearance.feature_model import Reading
from streid.appearance.network_file import NetworkFile, NetworkForm
from streid.appearance.network_input import InputMaker, Pictures
from streid.appearance.unit_features import FeatureArray, Paths, unit_features
from streid.data.loading import load_batches
from streid.data.network_pictures import NetworkPictures
from streid.errors import InputError
from streid.files.checksums import digest_file, digest_files

logger = logging.getLogger(__name__)

TRIED = 3
SAME = 1e-3
AHEAD = 2
TINY = np.finfo(np.float64).tiny


class Network(Protocol):
    """A network in memory, of one library."""

    file: NetworkFile

    def prepare(self, form: NetworkForm, batch: int) -> None:
        """Make it ready for inputs of so many pictures."""

    def run(self, form: NetworkForm, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The chosen output for a batch; several threads may call it at once."""


class NetworkFeatures:
    """A network of another program, ready to compute features; see `streid.appearance.feature_model.FeatureModel`.

    Args:
        files: all that hold it, the named one first.
        kind, library: one of `streid.appearance.network_settings.KINDS`, and the package that runs it.
        lanes: how many calls of it go on at once.
        padded: every input must have the whole batch's size.
        widened: a network for one picture at a time may be tried with several.

    Raises:
        InputError: it fails, or its output is not one vector for each picture.
    """

    def __init__(
        self,
        network: Network,
        form: NetworkForm,
        files: Sequence[Path],
        reading: Reading,
        *,
        kind: str,
        library: str,
        device: torch.device,
        lanes: int,
        padded: bool = False,
        widened: bool = False,
    ) -> None:
        self._network, self._form, self._files, self._reading = network, form, files, reading
        self._lanes, self._padded = lanes, padded or form.batch is not None
        self._maker = InputMaker(form)
        self.frames, self.device, self.network = form.frames, device, form.record()
        self.choices: Mapping[str, str] = {"kind": kind}
        self.circumstances: Mapping[str, str] = {library: importlib.metadata.version(library)}
        wide = max(1, reading.batch_size // form.frames // lanes)
        self._batch, self.feature_length = self._settle(wide, widened)

    def weights(self) -> str:
        """SHA-256 of the file; of several files, over their contents' SHA-256."""
        return digest_file(self._files[0]) if len(self._files) == 1 else digest_files(self._files)

    def features(
        self, chunks: Sequence[Sequence[Paths]], _camids: Sequence[Sequence[int]] | None = None
    ) -> Iterator[FeatureArray]:
        """Yield the features (U, D) of each chunk's units; a network of another program takes no camera.

        Raises:
            InputError: a picture cannot be read, or its feature is not finite or all zeros.
        """
        return unit_features(chunks, self._batches, frames=self.frames, step=self._batch)

    def _batches(self, clips: Sequence[Paths], batches: Sequence[list[int]]) -> Generator[FeatureArray, None, None]:
        """The features of each batch, while the next ones are computed and read."""
        settings = self._form.settings
        pictures = NetworkPictures(
            self._reading.source, clips, height=settings.height, width=settings.width, resize=settings.resize
        )
        with ThreadPoolExecutor(self._lanes) as pool:
            waiting: deque[Future[FeatureArray]] = deque()
            numbers = iter(batches)
            try:
                for read in load_batches(pictures, batches, workers=self._reading.workers):
                    waiting.append(pool.submit(self._embed, read.numpy()))
                    if len(waiting) >= self._lanes + AHEAD:
                        yield self._checked(waiting.popleft().result(), next(numbers), clips)
                while waiting:
                    yield self._checked(waiting.popleft().result(), next(numbers), clips)
            finally:
                for one in waiting:
                    one.cancel()

    def _embed(self, pictures: Pictures) -> FeatureArray:
        """Features of a batch, each of length 1: the output, or the sum of it and that of the mirror image."""
        features_ND = self._run(pictures)
        lengths_N1 = np.linalg.norm(features_ND.astype(np.float64), axis=1, keepdims=True)
        with np.errstate(invalid="ignore", over="ignore"):
            scaled_ND: FeatureArray = (features_ND / np.maximum(lengths_N1, TINY)).astype(np.float32)
        return scaled_ND

    def _run(self, pictures: Pictures) -> FeatureArray:
        batch = self._batch if self._padded else len(pictures)
        values = self._maker.make(pictures, batch)
        found = self._vectors(self._network.run(self._form, values), batch)
        if self._form.settings.flip:
            found = found + self._vectors(self._network.run(self._form, self._maker.mirror(values)), batch)
        return found[: len(pictures)]

    def _vectors(self, found: npt.NDArray[Any], batch: int) -> FeatureArray:
        if found.ndim < 2 or len(found) != batch or found.size != batch * found.shape[1]:
            name = self._form.settings.output_name
            raise InputError(
                f"{self._files[0]}: its output {name} has the shape {found.shape} for {batch} pictures; a feature is "
                "one vector for each picture: choose another output, or export the network up to its feature"
            )
        return found.reshape(batch, -1).astype(np.float32, copy=False)

    def _checked(self, features_ND: FeatureArray, batch: Sequence[int], clips: Sequence[Paths]) -> FeatureArray:
        wrong_N = ~np.isfinite(features_ND).all(axis=1) | ~features_ND.any(axis=1)
        if wrong_N.any():
            row = int(np.argmax(wrong_N))
            what = "all zeros" if np.isfinite(features_ND[row]).all() else "not finite"
            raise InputError(
                f"{self._files[0]}: the feature of {clips[batch[row]][0]} is {what}; check scale, mean and std, and "
                "whether another library computes it (docs/networks.md)"
            )
        return features_ND

    def _settle(self, wide: int, widened: bool) -> tuple[int, int]:
        """How many pictures to compute at once, and the length of a feature; both found by trying."""
        fixed = self._form.batch
        if fixed is not None:
            alone = self._try(fixed)
            if not widened or fixed > 1 or not self._takes(wide, alone):
                self._try(fixed)
            return self._batch, alone.shape[1]
        try:
            return wide, self._try(wide).shape[1]
        except InputError as error:
            self._padded = True
            try:
                alone = self._try(1)
            except InputError:
                raise error from None
        logger.info("%s takes one picture at a time", self._files[0])
        return 1, alone.shape[1]

    def _takes(self, wide: int, alone: FeatureArray) -> bool:
        """Whether a network made for one picture computes the same for each of several."""
        try:
            found = self._try(wide)
        except InputError:
            return False
        return np.allclose(found[0], alone[0], rtol=0, atol=SAME * float(np.abs(alone).max()))

    def _try(self, batch: int) -> FeatureArray:
        """Features of a few pictures of noise, the last of them first; made ready for this batch."""
        self._batch = batch
        self._network.prepare(self._form, batch)
        shape = (TRIED, *((self.frames,) if self.frames > 1 else ()))
        settings = self._form.settings
        noise = np.random.default_rng(0).integers(0, 256, (*shape, settings.height, settings.width, 3), np.uint8)
        return self._run(noise[-min(batch, TRIED) :])[::-1]
