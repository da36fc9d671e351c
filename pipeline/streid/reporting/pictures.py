"""Pictures in the report: ranked lists and samples, as page content and as contact sheets.

Shape suffixes: Q queries, K kept ranks. Rows are 0-based, ranks 1-based.
"""

import base64
import functools
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw, ImageFont

from streid.artifacts import UNKNOWN_TIME, Sightings
from streid.data.manifest import evaluated
from streid.data.packing import PictureSource
from streid.reporting.runs import ModelRun
from streid.reporting.selection import choose_queries
from streid.reporting.streams import kind_title
from streid.reporting.wording import Clock, percent

LISTED_RANKS = 10
SAMPLED_IDENTITIES = 4
THUMBNAIL = (64, 128)
JPEG_QUALITY = 82
PAPER, INK, RIGHT_COLOUR, WRONG_COLOUR = "#ffffff", "#1b1f23", "#009e73", "#d55e00"
MARGIN, LABEL_HEIGHT, FRAME, FONT_SIZE = 8, 18, 3, 11


@dataclass(frozen=True, eq=False)
class Thumbnail:
    """A small picture, fitted into `THUMBNAIL` pixels (width, height)."""

    picture: Image.Image

    @functools.cached_property
    def uri(self) -> str:
        """The picture as a data URI (JPEG)."""
        content = io.BytesIO()
        self.picture.save(content, "JPEG", quality=JPEG_QUALITY)
        return f"data:image/jpeg;base64,{base64.b64encode(content.getvalue()).decode()}"


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A gallery picture in a ranked list; right: it shows the query's identity."""

    thumbnail: Thumbnail
    rank: int
    right: bool
    camera: int
    gap: str


@dataclass(frozen=True, kw_only=True)
class RankedStream:
    """A query's best gallery pictures in one stream."""

    title: str
    average_precision: str
    hits: tuple[Hit, ...]


@dataclass(frozen=True, kw_only=True)
class RankedQuery:
    """One query with its ranked lists."""

    thumbnail: Thumbnail
    path: str
    camera: int
    reason: str
    streams: tuple[RankedStream, ...]


@dataclass(frozen=True, kw_only=True)
class SampleIdentity:
    """One person as each camera sees them: (camera, picture), cameras ascending."""

    identity: int
    views: tuple[tuple[int, Thumbnail], ...]


class PictureStore:
    """Reads a data set's pictures as thumbnails, each one once."""

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


def rank_queries(run: ModelRun, store: PictureStore, clock: Clock, count: int, seed: int) -> list[RankedQuery]:
    """The chosen queries of a run with their best gallery pictures at each step of the main fusion's road."""
    listed = [stream for stream in run.road(run.main_fusion) if stream in run.rankings]
    if not listed:
        return []
    queries = []
    for chosen in choose_queries(run.rankings, listed[-1], count, seed):
        streams = tuple(
            RankedStream(
                title=kind_title(stream),
                average_precision=percent(float(run.rankings[stream].ap_Q[chosen.row])),
                hits=_list_hits(run, stream, chosen.row, store, clock),
            )
            for stream in listed
        )
        path = str(run.query.path_N[chosen.row])
        queries.append(
            RankedQuery(
                thumbnail=store.thumbnail(path),
                path=path,
                camera=int(run.query.camid_N[chosen.row]),
                reason=chosen.reason,
                streams=streams,
            )
        )
    return queries


def _list_hits(run: ModelRun, stream: str, row: int, store: PictureStore, clock: Clock) -> tuple[Hit, ...]:
    best = run.rankings[stream].indices_QK[row, :LISTED_RANKS]
    return tuple(
        Hit(
            thumbnail=store.thumbnail(str(run.gallery.path_N[found])),
            rank=rank,
            right=bool(run.gallery.pid_N[found] == run.query.pid_N[row]),
            camera=int(run.gallery.camid_N[found]),
            gap=describe_gap(run.query, row, run.gallery, int(found), clock),
        )
        for rank, found in enumerate(best, start=1)
        if found >= 0
    )


def describe_gap(query: Sightings, row: int, gallery: Sightings, found: int, clock: Clock) -> str:
    """How much later than the query a gallery picture was taken, in words."""
    times = int(query.time_N[row]), int(gallery.time_N[found])
    if UNKNOWN_TIME in times:
        return "no time"
    if query.session_N[row] != gallery.session_N[found]:
        return "other session"
    return clock.gap(times[1] - times[0])


def sample_identities(manifest: pd.DataFrame, store: PictureStore, seed: int) -> list[SampleIdentity]:
    """Some of the people seen by the most cameras, drawn with `seed`, one picture per camera."""
    rows = manifest[evaluated(manifest["pid"])]
    cameras = rows.groupby("pid")["camid"].nunique()
    generator = np.random.default_rng(seed)
    drawn = cameras.index.to_numpy()[generator.permutation(len(cameras))]
    by_cameras = cameras.loc[drawn].sort_values(ascending=False, kind="stable")
    samples = []
    for identity in by_cameras.index[:SAMPLED_IDENTITIES]:
        seen = rows[rows["pid"] == identity].sort_values(["camid", "path"]).groupby("camid")["path"].first()
        views = tuple((int(camera), store.thumbnail(str(path))) for camera, path in seen.items())
        samples.append(SampleIdentity(identity=int(identity), views=views))
    return samples


class ContactSheet:
    """A white sheet that thumbnails are put on, with a line of text below each."""

    def __init__(self, width: int, height: int) -> None:
        self.picture = Image.new("RGB", (width, height), PAPER)
        self._draw = ImageDraw.Draw(self.picture)
        self._font = ImageFont.load_default(FONT_SIZE)

    def write(self, corner: tuple[int, int], text: str) -> None:
        """Write a line of text, `corner` its left upper one, in pixels."""
        self._draw.text(corner, text, INK, self._font)

    def place(self, thumbnail: Thumbnail, corner: tuple[int, int], label: str, frame: str | None = None) -> None:
        """Put a thumbnail with its label below it, in a frame of the given colour."""
        left, top = corner
        self.picture.paste(thumbnail.picture, corner)
        if frame:
            right, bottom = left + thumbnail.picture.width - 1, top + thumbnail.picture.height - 1
            self._draw.rectangle((left, top, right, bottom), None, frame, FRAME)
        self.write((left, top + THUMBNAIL[1] + 1), label)


def ranked_sheet(query: RankedQuery) -> Image.Image:
    """A query's ranked lists as one picture: a row per stream, the query at its left."""
    width, height = THUMBNAIL[0] + MARGIN, THUMBNAIL[1] + 2 * LABEL_HEIGHT
    sheet = ContactSheet((LISTED_RANKS + 1) * width + 2 * MARGIN, len(query.streams) * height + MARGIN)
    for number, stream in enumerate(query.streams):
        top = MARGIN + number * height
        sheet.write((MARGIN, top), f"{stream.title}, average precision {stream.average_precision} %")
        sheet.place(query.thumbnail, (MARGIN, top + LABEL_HEIGHT), f"query c{query.camera}")
        for hit in stream.hits:
            corner = (2 * MARGIN + hit.rank * width, top + LABEL_HEIGHT)
            verdict, colour = ("right", RIGHT_COLOUR) if hit.right else ("wrong", WRONG_COLOUR)
            sheet.place(hit.thumbnail, corner, f"c{hit.camera} {verdict}", colour)
    return sheet.picture


def sample_sheet(samples: Sequence[SampleIdentity]) -> Image.Image:
    """The sampled people as one picture: a row per person, their cameras from left to right."""
    width, height = THUMBNAIL[0] + MARGIN, THUMBNAIL[1] + LABEL_HEIGHT
    columns = max((len(sample.views) for sample in samples), default=1)
    sheet = ContactSheet(columns * width + MARGIN, len(samples) * height + MARGIN)
    for number, sample in enumerate(samples):
        for column, (camera, thumbnail) in enumerate(sample.views):
            sheet.place(thumbnail, (MARGIN + column * width, MARGIN + number * height), f"c{camera}")
    return sheet.picture
