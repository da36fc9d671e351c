"""explorer.html: queries and their best gallery pictures to step through, in one page of limited size.

The page's data are JSON in a script tag. Models whose features.h5 have the same queries form one query set;
models of pictures and models of tracklets have different ones.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from streid.arrays import IntArray
from streid.data.picture_source import PictureSource
from streid.errors import InputError
from streid.files.histograms import Histograms
from streid.files.sightings import UNKNOWN_TIME, Sightings
from streid.reporting.explorer.hits import JUNK, OWN_CAMERA, RIGHT, WRONG, Hit, HitList, list_hits
from streid.reporting.html_pages import render
from streid.reporting.runs import ModelRun, best_run
from streid.reporting.streams import fusion_title, kind_title
from streid.reporting.thumbnails import encode_thumbnail
from streid.reporting.wording import Clock
from streid.scoring.evaluation import Scene
from streid.scoring.fusion_records import FUSIONS

TEMPLATE = Path(__file__).parent / "templates" / "explorer.html.jinja"
VERDICTS = (RIGHT, WRONG, JUNK, OWN_CAMERA)
Lists = Mapping[str, Mapping[str, HitList]]


@dataclass(frozen=True, kw_only=True, eq=False)
class ExploredModel:
    """A model with its lists: chosen query row -> fusion -> stream key -> list."""

    run: ModelRun
    lists: Mapping[int, Lists]


def choose_rows(runs: Sequence[ModelRun], count: int, seed: int) -> IntArray:
    """Query rows, in the order in which they are put on the page.

    One of the hardest queries and one at random take turns. The hardest are those with the lowest average precision
    in the best stream of the best run; queries without a right match come last.

    Args:
        runs: of one query set.
        count: the most rows.
    """
    best = best_run(runs)
    drawn = np.random.default_rng(seed).permutation(len(best.query))
    ranking = best.rankings.get(best.best_stream)
    hardest = drawn if ranking is None else np.argsort(ranking.ap_Q, kind="stable")
    turns = np.column_stack((hardest, drawn)).reshape(-1)
    return turns[np.sort(np.unique(turns, return_index=True)[1])][:count].astype(np.int64)


def query_sets(runs: Sequence[ModelRun]) -> list[list[ModelRun]]:
    """The runs grouped by their queries, in the order given."""
    sets: list[list[ModelRun]] = []
    for run in runs:
        for one in sets:
            if np.array_equal(one[0].query.path_N, run.query.path_N):
                one.append(run)
                break
        else:
            sets.append([run])
    return sets


def explore(run: ModelRun, scene: Scene, histograms: Histograms, rows: IntArray) -> ExploredModel:
    """Make the lists of a model's chosen queries for all its fusions."""
    by_fusion = {fusion: list_hits(run, scene, histograms, fusion, rows) for fusion in run.fusions}
    found = {fusion: dict(zip(rows.tolist(), lists, strict=True)) for fusion, lists in by_fusion.items()}
    return ExploredModel(run=run, lists={row: {name: found[name][row] for name in found} for row in rows.tolist()})


class Album:
    """The pictures on the page, each once, with its number, its line of data and its thumbnail."""

    def __init__(self, source: PictureSource, height: int) -> None:
        self._source, self._height = source, height
        self._numbers: dict[str, int] = {}
        self.lines: list[str] = []
        self.thumbnails: list[str] = []

    def number(self, seen: Sightings, row: int) -> int:
        """The number of the picture of `row`; it is read when it is new."""
        path = str(seen.path_N[row])
        if path not in self._numbers:
            self._numbers[path] = len(self.lines)
            place = [int(column[row]) for column in (seen.pid_N, seen.camid_N, seen.session_N)]
            self.lines.append(script_json([path, *place]))
            self.thumbnails.append(encode_thumbnail(self._source.read(path), self._height))
        return self._numbers[path]

    def size(self, first: int = 0) -> int:
        """Size on the page of the pictures from number `first` on, in bytes."""
        return sum(
            len(line) + len(code) + 4 for line, code in zip(self.lines[first:], self.thumbnails[first:], strict=True)
        )

    def forget(self, first: int) -> None:
        """Remove the pictures from number `first` on from the page."""
        del self.lines[first:], self.thumbnails[first:]
        self._numbers = {path: number for path, number in self._numbers.items() if number < first}


def script_json(value: Any) -> str:
    """Compact ASCII JSON without `<`, `>` and `&`, safe in a script tag."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def query_record(models: Sequence[ExploredModel], row: int, album: Album, clock: Clock) -> str:
    """A query as JSON: its row, picture, time, and its lists by model, fusion and stream.

    A list is [average precision, first match, left out, hits, missed]; a hit, and the missed right match if there is
    one, is [picture, verdict, cosine, times, joint, list's score, time difference].
    """
    query = models[0].run.query
    lists = [
        [
            [_list_record(found, model.run, row, album, clock) for found in streams.values()]
            for streams in model.lists[row].values()
        ]
        for model in models
    ]
    # A tracklet is shown by its first picture, but its time is another one.
    time = None if query.time_N[row] == UNKNOWN_TIME else int(query.time_N[row])
    return script_json({"row": row, "picture": album.number(query, row), "time": time, "lists": lists})


def _list_record(found: HitList, run: ModelRun, row: int, album: Album, clock: Clock) -> list[Any]:
    def record(hit: Hit) -> list[Any]:
        return [
            album.number(run.gallery, hit.row),
            VERDICTS.index(hit.verdict),
            round(hit.visual, 4),
            None if hit.times is None else round(hit.times, 4),
            round(hit.joint, 4),
            round(hit.score, 4),
            clock.between(run.query, row, run.gallery, hit.row),
        ]

    precision = None if found.average_precision is None else round(found.average_precision, 4)
    missed = None if found.missed is None else record(found.missed)
    return [precision, found.first_match, found.left_out, [record(hit) for hit in found.hits], missed]


def write_page(
    sets: Sequence[Sequence[ExploredModel]],
    order: Sequence[IntArray],
    *,
    dataset: str,
    report: str,
    source: PictureSource,
    clock: Clock,
    thumbnail_height: int,
    most_bytes: int,
) -> str:
    """The page, with as many queries as fit.

    Args:
        sets: the models of each query set. order: the rows of each query set, in the order in
            which they are put on the page.
        report: link from this page to the report's.
        thumbnail_height: pixels.
        most_bytes: the largest size of the page.

    Raises:
        InputError: not even one query fits, or a picture is missing or unreadable.
    """
    shell = render(TEMPLATE, dataset=dataset, report=report, data="")
    heads = [[_model_head(model.run) for model in models] for models in sets]
    totals = [len(models[0].run.query) for models in sets]
    best = best_run([model.run for models in sets for model in models])
    shown_first = {"model": best.name, "fusion": best.best_fusion}
    frame = {"dataset": dataset, "unit": clock.unit, "models": heads, "totals": totals, "best": shown_first}
    room = most_bytes - len(shell.encode()) - len(script_json(frame)) - 100 - 2 * len(sets)
    album = Album(source, thumbnail_height)
    taken: list[list[str]] = [[] for _ in sets]
    for number, row in _in_turn(order):
        before = len(album.lines)
        record = query_record(sets[number], row, album, clock)
        need = len(record) + 1 + album.size(before)
        if need > room:
            album.forget(before)
            break
        room -= need
        taken[number].append(record)
    if not any(taken):
        raise InputError(f"explorer: no query fits into {most_bytes / 1e6:g} MB; allow more, or smaller thumbnails")
    queries = ",".join(f"[{','.join(records)}]" for records in taken)
    pictures, codes = ",".join(album.lines), ",".join(f'"{code}"' for code in album.thumbnails)
    data = f'{script_json(frame)[:-1]},"queries":[{queries}],"pictures":[{pictures}],"thumbnails":[{codes}]}}'
    return render(TEMPLATE, dataset=dataset, report=report, data=Markup(data))


def _in_turn(order: Sequence[IntArray]) -> list[tuple[int, int]]:
    """(query set, row): the first row of every set, then the second, ..."""
    most = max((len(rows) for rows in order), default=0)
    return [
        (number, int(rows[place])) for place in range(most) for number, rows in enumerate(order) if place < len(rows)
    ]


def _model_head(run: ModelRun) -> dict[str, Any]:
    fusions = [
        {
            "name": fusion,
            "title": fusion_title(fusion),
            "times": FUSIONS[fusion].sign,
            "meaning": FUSIONS[fusion].meaning,
            "signed": FUSIONS[fusion].signed,
            "streams": [[key.partition("/")[0], kind_title(key)] for key in run.steps(fusion) if key in run.rankings],
        }
        for fusion in run.fusions
    ]
    return {"name": run.name, "fusions": fusions}
