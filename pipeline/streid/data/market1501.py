"""Market-1501 and trees laid out like it.

Zheng et al., "Scalable Person Re-identification: A Benchmark", ICCV 2015. Six cameras in front of a
supermarket; 1,501 identities; pictures of 64x128 named `0002_c1s1_000451_03.jpg`: identity, camera
1-6, sequence, frame, box. Train 12,936 pictures of 751 identities; query 3,368 of 750; test folder
19,732 = 13,115 of the 750 identities + 2,798 distractors (pid 0000, which count) + 3,819 junk boxes
(pid -1, ignored in evaluation).

Frames restart with each sequence. A picture's time is the sum of the lengths of its camera's earlier
sequences plus its frame, in frames (25 per second), as st-ReID (Wang et al., AAAI 2019) counts it.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from streid.data.picture_paths import ENDING
from streid.data.sources import Row, SourceDataset, SourceFormat, SourceTree, make_table, misnamed_in
from streid.errors import InputError
from streid.files.json_files import read_json

FOLDERS = {"train": "bounding_box_train", "query": "query", "gallery": "bounding_box_test"}
OFFICIAL_COUNTS = {
    "train": {"pictures": 12936, "identities": 751},
    "query": {"pictures": 3368, "identities": 750},
    "gallery": {"pictures": 19732, "identities": 750, "distractors": 2798, "junk": 3819},
}
# The highest frame number of each camera's sequences; the recordings' true lengths are not published.
SEQUENCE_LENGTHS = {
    1: (72681, 74546, 74881, 74661, 74891, 54346),
    2: (163691, 164677, 98102),
    3: (161708, 161769, 104469),
    4: (72107, 72373, 74810, 74541, 74910, 50616),
    5: (161095, 161724, 103487),
    6: (87551, 131268, 95817, 30952),
}
SEQUENCES_FILE = "sequences.json"
MOST_FRAMES = 2**40  # of a sequence; a thousand years
WHERE_TO_GET = (
    "Market-1501 is offered by its authors (https://zheng-lab.cecs.anu.edu.au/Project/project_reid.html); "
    "unpack it so that this folder holds bounding_box_train, bounding_box_test and query"
)
NAME = re.compile(
    rf"(?P<pid>-1|\d{{4}})_c(?P<camid>\d{{1,6}})s(?P<sequence>\d{{1,6}})_(?P<frame>\d{{6}})_(?P<box>\d{{2}})(?:{ENDING})+",
    re.ASCII,
)


def parse_name(name: str) -> dict[str, int]:
    """Identity, camera, sequence (1-based), frame and box of a picture's file name.

    Raises:
        InputError: the name does not follow Market-1501's pattern.
    """
    match = NAME.fullmatch(name)
    if match is None:
        raise InputError(
            f"{name!r} is not a Market-1501 picture name (expected like 0002_c1s1_000451_03.jpg: "
            "identity, camera, sequence, frame, box)"
        )
    return {field: int(value) for field, value in match.groupdict().items()}


def load_market1501(root: Path) -> SourceDataset:
    """Read the tree's file names into a manifest.

    A file `sequences.json` at the root ({camera: [length of each sequence in frames]}) replaces
    Market-1501's sequence lengths; such a tree is another data set and has no official counts.

    Args:
        root: the folder that holds bounding_box_train, bounding_box_test and query.

    Returns:
        The manifest's rows (times in frames, one session) and the counts to expect.

    Raises:
        InputError: a folder is missing or holds no pictures, or a name cannot be used.
    """
    own_clock = (root / SEQUENCES_FILE).is_file()
    lengths = _read_sequence_lengths(root / SEQUENCES_FILE) if own_clock else SEQUENCE_LENGTHS
    tree = SourceTree(root, WHERE_TO_GET)
    table = tabulate_names({folder: tree.pictures(folder) for folder in FOLDERS.values()}, lengths, root)
    return SourceDataset(table=table, expected=None if own_clock else OFFICIAL_COUNTS, remarks=tree.remarks())


def tabulate_names(
    names: Mapping[str, Sequence[str]], lengths: Mapping[int, Sequence[int]], where: Path
) -> pd.DataFrame:
    """The manifest's rows of pictures with Market-1501's kind of names.

    Args:
        names: the names in each of the folders FOLDERS.
        lengths: camera -> its sequences' lengths in frames.
        where: the folders' root, for the messages.

    Raises:
        InputError: a name does not follow the pattern, or its sequence's length is unknown.
    """
    offsets = {
        (camid, sequence + 1): sum(frames[:sequence])
        for camid, frames in lengths.items()
        for sequence in range(len(frames))
    }
    rows: list[Row] = []
    for split, folder in FOLDERS.items():
        for name in names[folder]:
            with misnamed_in(where / folder):
                fields = parse_name(name)
            recording = (fields["camid"], fields["sequence"])
            if recording not in offsets:
                raise InputError(
                    f"{where / folder / name}: sequence {recording[1]} of camera {recording[0]} is unknown; "
                    f"put the lengths of its sequences into {where / SEQUENCES_FILE}"
                )
            time = offsets[recording] + fields["frame"]
            rows.append((f"{folder}/{name}", split, fields["pid"], fields["camid"], 0, time, -1))
    return make_table(rows)


def _read_sequence_lengths(path: Path) -> dict[int, tuple[int, ...]]:
    try:
        lengths = {int(camid): tuple(int(frames) for frames in row) for camid, row in read_json(path).items()}
    except (TypeError, ValueError, OverflowError):
        lengths = {}
    if not lengths or any(not 0 <= frames <= MOST_FRAMES for row in lengths.values() for frames in row):
        raise InputError(f'{path}: expected {{"camera": [length of each sequence in frames, ...], ...}}')
    return lengths


MARKET1501 = SourceFormat(load=lambda root, _: load_market1501(root))
