"""The result of a search of the gallery: as a table for the terminal, as JSON, and as a page with the pictures."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from streid.data.picture_source import PictureSource
from streid.files.sightings import DISTRACTOR_PID, JUNK_PID, UNKNOWN_TIME, Sightings
from streid.reporting.html_pages import SHARED_TEMPLATES, render
from streid.reporting.thumbnails import picture_uri
from streid.scoring.evaluation import Scene
from streid.scoring.fusion import Fusion
from streid.scoring.fusion_records import FUSIONS
from streid.scoring.search import SearchResult

FINDS_FORMAT, FINDS_VERSION = "streid-search", 1
PICTURE_HEIGHT = 192
NAMELESS = {JUNK_PID: "junk", DISTRACTOR_PID: "distractor"}


@dataclass(frozen=True, kw_only=True)
class Find:
    """A gallery row that was found. rank from 1, row from 0; time and spatiotemporal None where unknown or unused."""

    rank: int
    row: int
    pid: int
    camid: int
    session: int
    time: int | None
    path: str
    score: float
    visual: float
    spatiotemporal: float | None

    @property
    def identity(self) -> str:
        """The identity's number, or what else the row shows."""
        return NAMELESS.get(self.pid, str(self.pid))


@dataclass(frozen=True, kw_only=True)
class Finds:
    """A search's result. place: camid, session and time of the query. fusion: its record. Both None without times."""

    dataset: str
    model: str
    images: tuple[str, ...]
    place: Mapping[str, int] | None
    fusion: Mapping[str, Any] | None
    results: tuple[Find, ...]

    @property
    def times_title(self) -> str:
        """The title of the part of the score that comes from times; empty if only appearance counts."""
        return FUSIONS[self.fusion["name"]].sign_title if self.fusion else ""

    def json(self) -> str:
        """Everything as JSON."""
        content = {"format": FINDS_FORMAT, "version": FINDS_VERSION, **asdict(self)}
        return json.dumps(content, indent=2, allow_nan=False)


def list_finds(
    scene: Scene, found: SearchResult, fusion: Fusion | None, query: Sightings | None, images: Sequence[str]
) -> Finds:
    """Describe what was found.

    Args:
        fusion, query: those of the search; None for appearance only.
        images: the query pictures.
    """
    gallery = scene.gallery
    results = tuple(
        Find(
            rank=place + 1,
            row=int(row),
            pid=int(gallery.pid_N[row]),
            camid=int(gallery.camid_N[row]),
            session=int(gallery.session_N[row]),
            time=None if gallery.time_N[row] == UNKNOWN_TIME else int(gallery.time_N[row]),
            path=str(gallery.path_N[row]),
            score=float(found.score_K[place]),
            visual=float(found.visual_K[place]),
            spatiotemporal=None if found.times_K is None else float(found.times_K[place]),
        )
        for place, row in enumerate(found.rows_K)
    )
    place = None
    if query is not None:
        place = {name: int(getattr(query, f"{name}_N")[0]) for name in ("camid", "session", "time")}
    record = {"name": fusion.name, **fusion.parameters} if fusion else None
    return Finds(
        dataset=scene.dataset,
        model=scene.model,
        images=tuple(images),
        place=place,
        fusion=record,
        results=results,
    )


def tabulate(finds: Finds) -> str:
    """The result as a table, with numbers aligned right; unprintable characters in paths are escaped."""
    times = [finds.times_title] if finds.times_title else []
    rows = [["rank", "identity", "camera", "session", "time", "score", "cosine", *times, "path"]]
    for find in finds.results:
        time = "" if find.time is None else str(find.time)
        said = [] if find.spatiotemporal is None else [f"{find.spatiotemporal:+.4f}"]
        place = [str(find.rank), find.identity, str(find.camid), str(find.session), time]
        rows.append([*place, f"{find.score:.4f}", f"{find.visual:.4f}", *said, printable(find.path)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join([cell.rjust(width) for cell, width in zip(row[:-1], widths, strict=False)] + row[-1:]) for row in rows
    )


def printable(text: str) -> str:
    """`text` with its unprintable characters, line ends too, as escapes."""
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


def render_finds(finds: Finds, source: PictureSource) -> str:
    """The result as one self-contained HTML page; every name and path in it is escaped.

    Args:
        source: of the gallery's pictures; the query pictures are read from their own files.

    Raises:
        InputError: a picture is missing or unreadable.
    """
    own = PictureSource(Path(), confined=False)
    return render(
        SHARED_TEMPLATES / "search_page.html.jinja",
        finds=finds,
        queries=[(image, picture_uri(own.read(image), PICTURE_HEIGHT)) for image in finds.images],
        shown=[(find, picture_uri(source.read(find.path), PICTURE_HEIGHT)) for find in finds.results],
    )
