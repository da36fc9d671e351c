"""MSMT17, versions 1 and 2, and copies laid out like Market-1501.

Wei et al., "Person Transfer GAN to Bridge Domain Gap for Person Re-identification", CVPR 2018. Fifteen
cameras on a campus, indoors and outdoors, in twelve slots: four days, each morning, noon and afternoon.
Folders `train` and `test` (version 2: `mask_train_v2`, `mask_test_v2`); the lists `list_train.txt`,
`list_val.txt`, `list_query.txt` and `list_gallery.txt` at the root hold lines
`0000/0000_000_01_0303morning_0015_0[_ex].jpg 0`: a path in its folder and an identity. Of the name's
fields the third is the camera (1-15), the fourth the slot, the fifth the time in it (0-1985, in a unit the
authors do not give). Train 30,248 and val 2,373 pictures, both of the same 1,041 identities; query 11,659
and gallery 82,161, both of 3,060. There are no distractors and no junk.

Times are comparable only within a slot, so each slot is a session, numbered 0-11 in the order of the calendar.
Identities count from 0 in the training lists and again in the test lists; in the manifest they start at 1, and
those of the test follow those of training. Copies laid out like Market-1501 (`bounding_box_train` with names such
as `0000_c1_0002.jpg`: identity, camera, number) count the same way and have no times, unless the pictures
have kept their names.
"""

import re
from pathlib import Path

from streid.data.picture_paths import ENDING
from streid.data.sources import (
    ExpectedCounts,
    Row,
    SourceDataset,
    SourceFormat,
    SourceTree,
    ValidationList,
    make_table,
    misnamed_in,
)
from streid.errors import InputError
from streid.files.sightings import JUNK_PID, UNKNOWN_TIME

VERSIONS = (("mask_train_v2", "mask_test_v2"), ("train", "test"))
LISTS = {"train": "list_train.txt", "val": "list_val.txt", "query": "list_query.txt", "gallery": "list_gallery.txt"}
COPY_FOLDERS = {"train": "bounding_box_train", "query": "query", "gallery": "bounding_box_test"}
TRAINING_SPLITS = ("train", "val")
TEST_COUNTS = {
    "query": {"pictures": 11659, "identities": 3060},
    "gallery": {"pictures": 82161, "identities": 3060, "distractors": 0, "junk": 0},
}
OFFICIAL_COUNTS: dict[ValidationList, ExpectedCounts] = {
    "train": {"train": {"pictures": 32621, "identities": 1041}, **TEST_COUNTS},
    "val": {
        "train": {"pictures": 30248, "identities": 1041},
        "val": {"pictures": 2373, "identities": 1041},
        **TEST_COUNTS,
    },
}
DAYS, DAYTIMES = ("0113", "0114", "0302", "0303"), ("morning", "noon", "afternoon")
SESSIONS = {slot: number for number, slot in enumerate(day + daytime for day in DAYS for daytime in DAYTIMES)}
WHERE_TO_GET = (
    "MSMT17 is offered by its authors (http://www.pkuvmc.com/publications/msmt17.html); unpack it so that this folder "
    "holds list_train.txt, list_val.txt, list_query.txt, list_gallery.txt and the folders train and test "
    "(version 2: mask_train_v2 and mask_test_v2)"
)
NAME = re.compile(
    r"(?P<pid>\d{1,9})_\d+_(?P<camid>\d{2})_(?P<slot>" + "|".join(SESSIONS) + r")_(?P<time>\d{1,9})_\d+(_ex)?" + ENDING,
    re.ASCII,
)
LABEL = re.compile(r"\d{1,9}", re.ASCII)
COPY_NAME = re.compile(r"(?P<pid>-1|\d{1,9})_c?(?P<camid>\d{1,2})(s\d+)?_f?\d+(_\w+)?" + ENDING, re.ASCII)


def parse_name(name: str) -> dict[str, int]:
    """Camera (1-15), session (0-11) and time in it of a picture's file name.

    Raises:
        InputError: the name does not follow MSMT17's pattern.
    """
    match = NAME.fullmatch(name)
    if match is None:
        raise InputError(
            f"{name!r} is not an MSMT17 picture name (expected like 0000_000_01_0303morning_0015_0.jpg: identity, "
            "number, camera, slot, time in the slot, box)"
        )
    return {"camid": int(match["camid"]), "session": SESSIONS[match["slot"]], "time": int(match["time"])}


def load_msmt17(root: Path, validation_list: ValidationList) -> SourceDataset:
    """Read the lists, or the folders of a copy laid out like Market-1501, into a manifest.

    Args:
        root: the folder that holds the lists and version 1's or 2's folders, or a copy's three folders.
        validation_list: train on the pictures of list_val.txt too (`train`, as TransReID does) or make
            them the split `val` (as torchreid, which trains without them).

    Returns:
        The rows with the official counts.

    Raises:
        InputError: a folder or list is missing or empty, a name or line cannot be used, or the split
            `val` is chosen for a copy, which has no lists.
    """
    tree = SourceTree(root, WHERE_TO_GET)
    if (root / COPY_FOLDERS["train"]).is_dir():
        return _load_copy(tree, validation_list)
    folders = next((found for found in VERSIONS if (root / found[0]).is_dir()), VERSIONS[-1])
    for folder in folders:
        tree.check(folder)
    rows: list[Row] = []
    shift = 1
    for listed, name in LISTS.items():
        split = validation_list if listed == "val" else listed
        if listed == "query":
            shift = max(row[2] for row in rows) + 1
        folder = folders[0] if listed in TRAINING_SPLITS else folders[1]
        for number, line in enumerate(tree.lines(name), start=1):
            try:
                rows.append(_list_row(line, folder, split, shift))
            except InputError as error:
                raise InputError(f"{root / name}, entry {number}: {error}") from None
    return SourceDataset(
        table=make_table(rows),
        expected=OFFICIAL_COUNTS[validation_list],
        remarks=(
            "the pictures of list_val.txt are trained on, as in TransReID; see prepare.validation_list"
            if validation_list == "train"
            else "the split val (list_val.txt) shows identities that are trained on: it says little about other people",
        ),
    )


def _list_row(line: str, folder: str, split: str, shift: int) -> Row:
    path, _, label = line.rpartition(" ")
    if not path or not LABEL.fullmatch(label):
        raise InputError(f"{line!r} is not a path and an identity's number")
    fields = parse_name(path.rpartition("/")[2])
    return (f"{folder}/{path}", split, int(label) + shift, fields["camid"], fields["session"], fields["time"], -1)


def _load_copy(tree: SourceTree, validation_list: ValidationList) -> SourceDataset:
    if validation_list == "val":
        raise InputError(
            f"{tree.root}: a copy laid out like Market-1501 has no list_val.txt; set prepare.validation_list to train"
        )
    rows: list[Row] = []
    shift = 1
    for split, folder in COPY_FOLDERS.items():
        if split == "query":
            shift = max(row[2] for row in rows) + 1
        for name in tree.pictures(folder):
            with misnamed_in(tree.root / folder):
                rows.append(_copy_row(name, folder, split, shift))
    timeless = any(row[5] == UNKNOWN_TIME for row in rows)
    remarks = ("this copy's names contain neither slot nor time, so times cannot be used",) if timeless else ()
    return SourceDataset(table=make_table(rows), expected=OFFICIAL_COUNTS["train"], remarks=(*remarks, *tree.remarks()))


def _copy_row(name: str, folder: str, split: str, shift: int) -> Row:
    fields = {"session": 0, "time": UNKNOWN_TIME}
    if NAME.fullmatch(name):
        pid = int(name.partition("_")[0])
        fields = parse_name(name)
    elif match := COPY_NAME.fullmatch(name):
        pid = int(match["pid"])
        fields["camid"] = int(match["camid"])
    else:
        raise InputError(f"{name!r} is not a picture name of an MSMT17 copy (expected like 0000_c1_0002.jpg)")
    pid = pid if pid == JUNK_PID else pid + shift
    return (f"{folder}/{name}", split, pid, fields["camid"], fields["session"], fields["time"], -1)


MSMT17 = SourceFormat(load=lambda root, options: load_msmt17(root, options.validation_list))
