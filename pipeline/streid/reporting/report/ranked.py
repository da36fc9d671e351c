"""Ranked lists of gallery pictures, as page content and as contact sheets.

Shape suffixes: Q queries, K kept ranks. Rows are 0-based, ranks 1-based.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from streid.reporting.contact_sheets import LABEL_HEIGHT, MARGIN, THUMBNAIL, ContactSheet, PictureStore, Thumbnail
from streid.reporting.palette import COLOURS
from streid.reporting.report.selection import choose_queries
from streid.reporting.runs import ModelRun
from streid.reporting.streams import kind_title
from streid.reporting.wording import Clock, percent

LISTED_RANKS, HARDEST_RANKS = 10, 5
SIDE_BY_SIDE = 2


@dataclass(frozen=True, kw_only=True)
class RankedPicture:
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
    hits: tuple[RankedPicture, ...]


@dataclass(frozen=True, kw_only=True)
class RankedQuery:
    """One query with its ranked lists."""

    thumbnail: Thumbnail
    path: str
    camera: int
    reason: str
    streams: tuple[RankedStream, ...]


def rank_queries(run: ModelRun, store: PictureStore, clock: Clock, count: int, seed: int) -> list[RankedQuery]:
    """The chosen queries of a run with their best gallery pictures at each step of its best fusion."""
    listed = [stream for stream in run.steps(run.best_fusion) if stream in run.rankings]
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


def hardest_queries(run: ModelRun, store: PictureStore, clock: Clock, count: int) -> list[RankedQuery]:
    """The queries with the lowest average precision in the best stream, the worst first."""
    stream = run.best_stream
    if stream not in run.rankings:
        return []
    ap_Q, first_Q = run.rankings[stream].ap_Q, run.rankings[stream].first_match_Q
    worst = np.argsort(ap_Q, kind="stable")[: np.isfinite(ap_Q).sum()]
    return [
        RankedQuery(
            thumbnail=store.thumbnail(str(run.query.path_N[row])),
            path=str(run.query.path_N[row]),
            camera=int(run.query.camid_N[row]),
            reason=f"First right match at rank {first_Q[row]:,}",
            streams=(
                RankedStream(
                    title=kind_title(stream),
                    average_precision=percent(float(ap_Q[row])),
                    hits=_list_hits(run, stream, int(row), store, clock, most=HARDEST_RANKS),
                ),
            ),
        )
        for row in worst[:count]
    ]


def _list_hits(
    run: ModelRun, stream: str, row: int, store: PictureStore, clock: Clock, *, most: int = LISTED_RANKS
) -> tuple[RankedPicture, ...]:
    best = run.rankings[stream].indices_QK[row, :most]
    return tuple(
        RankedPicture(
            thumbnail=store.thumbnail(str(run.gallery.path_N[found])),
            rank=rank,
            right=bool(run.gallery.pid_N[found] == run.query.pid_N[row]),
            camera=int(run.gallery.camid_N[found]),
            gap=clock.between(run.query, row, run.gallery, int(found)),
        )
        for rank, found in enumerate(best, start=1)
        if found >= 0
    )


def ranked_sheet(query: RankedQuery) -> Image.Image:
    """A query's ranked lists as one picture: a row per stream, the query at its left."""
    width, height = THUMBNAIL[0] + MARGIN, THUMBNAIL[1] + 2 * LABEL_HEIGHT
    sheet = ContactSheet((LISTED_RANKS + 1) * width + 2 * MARGIN, len(query.streams) * height + MARGIN)
    for number, stream in enumerate(query.streams):
        top = MARGIN + number * height
        sheet.write((MARGIN, top), f"{stream.title}, average precision {stream.average_precision} %")
        sheet.place(query.thumbnail, (MARGIN, top + LABEL_HEIGHT), f"query c{query.camera}")
        _place_hits(sheet, stream.hits, (2 * MARGIN, top + LABEL_HEIGHT))
    return sheet.picture


def hardest_sheet(queries: Sequence[RankedQuery]) -> Image.Image:
    """The hardest queries as one picture: each with its best gallery pictures to its right."""
    width, height = THUMBNAIL[0] + MARGIN, THUMBNAIL[1] + 2 * LABEL_HEIGHT
    across = (HARDEST_RANKS + 1) * width + 3 * MARGIN
    sheet = ContactSheet(SIDE_BY_SIDE * across, -(-len(queries) // SIDE_BY_SIDE) * height + MARGIN)
    for number, query in enumerate(queries):
        left, top = number % SIDE_BY_SIDE * across + MARGIN, number // SIDE_BY_SIDE * height + MARGIN
        sheet.write((left, top), f"{query.reason}, average precision {query.streams[0].average_precision} %")
        sheet.place(query.thumbnail, (left, top + LABEL_HEIGHT), f"query c{query.camera}")
        _place_hits(sheet, query.streams[0].hits, (left + MARGIN, top + LABEL_HEIGHT))
    return sheet.picture


def _place_hits(sheet: ContactSheet, hits: Sequence[RankedPicture], corner: tuple[int, int]) -> None:
    """Put hits side by side, to the right of the query at `corner`."""
    for hit in hits:
        verdict, colour = ("right", COLOURS["right"][0]) if hit.right else ("wrong", COLOURS["wrong"][0])
        place = (corner[0] + hit.rank * (THUMBNAIL[0] + MARGIN), corner[1])
        sheet.place(hit.thumbnail, place, f"c{hit.camera} {verdict}", colour)
