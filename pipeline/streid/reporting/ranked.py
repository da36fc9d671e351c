"""Ranked lists of gallery pictures, as page content and as contact sheets.

Shape suffixes: Q queries, K kept ranks. Rows are 0-based, ranks 1-based.
"""

from dataclasses import dataclass

from PIL import Image

from streid.artifacts import UNKNOWN_TIME, Sightings
from streid.reporting.pictures import LABEL_HEIGHT, MARGIN, THUMBNAIL, ContactSheet, PictureStore, Thumbnail
from streid.reporting.runs import ModelRun
from streid.reporting.selection import choose_queries
from streid.reporting.streams import kind_title
from streid.reporting.wording import Clock, percent

LISTED_RANKS = 10
RIGHT_COLOUR, WRONG_COLOUR = "#009e73", "#d55e00"


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
