"""Pictures in the report: thumbnails, and contact sheets that make files of them."""

import functools
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

from streid.data.picture_source import PictureSource
from streid.reporting.palette import COLOURS
from streid.reporting.thumbnails import picture_uri

THUMBNAIL = (64, 128)
PAPER, INK, EMPTY = (COLOURS[name][0] for name in ("card", "ink", "line"))
MARGIN, LABEL_HEIGHT, FRAME, FONT_SIZE = 8, 18, 3, 11


@dataclass(frozen=True, eq=False)
class Thumbnail:
    """A small picture, fitted into `THUMBNAIL` pixels (width, height)."""

    picture: Image.Image

    @functools.cached_property
    def uri(self) -> str:
        """The picture as a data URI."""
        return picture_uri(self.picture, self.picture.height)


class PictureStore:
    """Reads a data set's pictures as thumbnails, each only once."""

    def __init__(self, source: PictureSource) -> None:
        self._source = source
        self._kept: dict[str, Thumbnail] = {}

    def thumbnail(self, path: str) -> Thumbnail:
        """The picture at `path`, relative to the data set's root.

        Raises:
            InputError: it is missing or cannot be decoded.
        """
        if path not in self._kept:
            picture = self._source.read(path)
            scale = min(THUMBNAIL[0] / picture.width, THUMBNAIL[1] / picture.height, 1.0)
            size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
            self._kept[path] = Thumbnail(picture.resize(size, Image.Resampling.LANCZOS))
        return self._kept[path]


class ContactSheet:
    """A white sheet that thumbnails are put on, with a line of text below each."""

    def __init__(self, width: int, height: int) -> None:
        self.picture = Image.new("RGB", (width, height), PAPER)
        self._draw = ImageDraw.Draw(self.picture)
        self._font = ImageFont.load_default(FONT_SIZE)

    def write(self, corner: tuple[int, int], text: str) -> None:
        """Write a line of text; `corner` is its upper left corner, in pixels."""
        self._draw.text(corner, text, INK, self._font)

    def place(self, thumbnail: Thumbnail, corner: tuple[int, int], label: str, frame: str | None = None) -> None:
        """Put a thumbnail into the middle of a box of `THUMBNAIL` pixels, its label below, framed in a colour."""
        left, top = corner
        box = (left, top, left + THUMBNAIL[0] - 1, top + THUMBNAIL[1] - 1)
        self._draw.rectangle(box, EMPTY)
        width, height = thumbnail.picture.size
        self.picture.paste(thumbnail.picture, (left + (THUMBNAIL[0] - width) // 2, top + (THUMBNAIL[1] - height) // 2))
        if frame:
            self._draw.rectangle(box, None, frame, FRAME)
        self.write((left, top + THUMBNAIL[1] + 1), label)
