"""Pictures and part masks, read from a data set's tree or from a pack of it (streid.files.picture_pack)."""

from pathlib import Path

from PIL import Image

from streid.data.images import UnreadablePictureError, decode_mask, decode_picture, read_content
from streid.data.picture_paths import mask_path, picture_file
from streid.errors import InputError
from streid.files.picture_pack import PackReader
from streid.stage.refusals import explain

Content = bytes


class PictureSource:
    """A data set's pictures and part masks, read from its tree or from a pack.

    Every stage opens pictures through it, so that no path in a file leads out of the root. Threads, forked processes
    and spawned processes that it is sent to may use it.

    Args:
        root: the data set's root, where paths start; None if there is only a pack.
        packed: the data set's pack; if it is None or empty, the tree is read.
        confined: False if the paths are the user's own, from the command line, and may lead anywhere.

    Raises:
        InputError: the pack is missing or cannot be used, or there are no pictures at all.
    """

    def __init__(self, root: Path | None, packed: Path | None = None, *, confined: bool = True) -> None:
        pack = PackReader(packed) if packed else None
        if root is None and not pack:
            raise InputError(f"{packed}: holds no pictures; give --root, the data set's folder")
        self.root = root or Path()
        self._pack = pack or None
        self._confined = confined

    def read(self, path: str) -> Image.Image:
        """One picture, decoded to RGB.

        Raises:
            InputError: it is missing or cannot be decoded.
        """
        content = self.bytes(path)
        try:
            return decode_picture(content)
        except UnreadablePictureError as error:
            raise InputError(f"{self._where(path)}: unreadable picture ({error}); replace or remove it") from None

    def read_mask(self, path: str) -> Image.Image:
        """The part mask of the picture at `path`: 8-bit labels (mode L) of the picture's size.

        Raises:
            InputError: it is missing or no 8-bit picture of labels.
        """
        name = mask_path(path)
        content = self.bytes(name)
        try:
            return decode_mask(content)
        except UnreadablePictureError as error:
            raise InputError(f"{self._where(name)}: unreadable part mask ({error}); replace or remove it") from None

    def bytes(self, path: str) -> Content:
        """The bytes of the file at `path`.

        Raises:
            InputError: it is missing or cannot be read, its path leads out of the root, or it is damaged in the pack.
        """
        if self._pack is not None:
            return self._pack.read(path)
        file = picture_file(self.root, path) if self._confined else self.root / path
        try:
            return read_content(file)
        except OSError as error:
            # Only the text of a loader worker's error reaches the main process.
            raise InputError(explain(error)) from None
        except UnreadablePictureError as error:
            raise InputError(f"{file}: {error}; run prepare_dataset again if the data set changed") from None

    def _where(self, path: str) -> str:
        return f"{self._pack.path}: {path}" if self._pack else str(self.root / path)
