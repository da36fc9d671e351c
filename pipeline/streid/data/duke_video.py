"""DukeMTMC-VideoReID and trees laid out like it.

Wu et al., "Exploit the Unknown Gradually: One-Shot Video-Based Person Re-Identification by Stepwise
Learning", CVPR 2018; from DukeMTMC (Ristani et al., ECCV Workshops 2016). Tracklets of every 12th frame
in folders `train|query|gallery/identity/tracklet`, pictures named `0001_C6_F0099_X30823.jpg`, in older
copies `0001C6F0099X30823.jpg`: identity, camera 1-8, frame in the tracklet, absolute frame of the
camera's recording (60 per second). Train 2,196 tracklets of 702 identities; query 702 of 702; gallery
2,636 of the 702 and of 408 distractors, who have their own numbers. The protocol evaluates tracklets.

A picture's time is its absolute frame; as in DukeMTMC-reID, a difference between two cameras contains a
constant that is the same for everyone. The data set was withdrawn by its authors in 2019. streid reads it where a user
has it, and does not offer it.
"""

import re
from pathlib import Path

from streid.data.picture_paths import ENDING
from streid.data.sources import Row, SourceDataset, SourceFormat, SourceTree, make_table, misnamed_in
from streid.errors import InputError

SPLITS = ("train", "query", "gallery")
OFFICIAL_COUNTS = {
    "train": {"tracklets": 2196, "identities": 702},
    "query": {"tracklets": 702, "identities": 702},
    "gallery": {"tracklets": 2636, "identities": 1110, "junk": 0},
}
WHERE_TO_GET = (
    "DukeMTMC-VideoReID was withdrawn by its authors and must not be downloaded; if you have it lawfully, "
    "this folder holds train, query and gallery"
)
NAME = re.compile(r"(?P<pid>\d{4})(_?)C(?P<camid>[1-8])\2F(?P<number>\d{4,9})\2X(?P<frame>\d{1,12})" + ENDING, re.ASCII)


def parse_name(name: str) -> dict[str, int]:
    """Identity, camera (1-8), number in the tracklet and absolute frame of a picture's file name.

    Raises:
        InputError: the name follows neither of DukeMTMC-VideoReID's patterns.
    """
    match = NAME.fullmatch(name)
    if match is None:
        raise InputError(
            f"{name!r} is not a DukeMTMC-VideoReID picture name (expected like 0001_C6_F0099_X30823.jpg or "
            "0001C6F0099X30823.jpg: identity, camera 1-8, frame in the tracklet, absolute frame)"
        )
    return {field: int(value) for field, value in match.groupdict().items()}


def load_duke_video(root: Path) -> SourceDataset:
    """Read the tree's folders into a manifest.

    Args:
        root: the folder that holds train, query and gallery.

    Returns:
        The rows (times in frames, one session, tracklets numbered by split, identity and folder) with the
        official counts.

    Raises:
        InputError: a folder is missing or empty, a name cannot be used, or a tracklet shows more than one
            identity or camera, or not the identity of its folder.
    """
    tree = SourceTree(root, WHERE_TO_GET)
    rows: list[Row] = []
    tracklet = 0
    for split in SPLITS:
        for identity in tree.folders(split):
            for number in tree.folders(f"{split}/{identity}"):
                folder = f"{split}/{identity}/{number}"
                rows.extend(_tracklet_rows(tree, folder, split, identity, tracklet))
                tracklet += 1
    return SourceDataset(
        table=make_table(rows),
        expected=OFFICIAL_COUNTS,
        own_tracklets=True,
        unit="tracklet",
        remarks=tree.remarks(),
    )


def _tracklet_rows(tree: SourceTree, folder: str, split: str, identity: str, tracklet: int) -> list[Row]:
    rows: list[Row] = []
    for name in tree.pictures(folder):
        with misnamed_in(tree.root / folder):
            fields = parse_name(name)
        rows.append((f"{folder}/{name}", split, fields["pid"], fields["camid"], 0, fields["frame"], tracklet))
    seen = {(row[2], row[3]) for row in rows}
    if len(seen) > 1 or f"{rows[0][2]:04d}" != identity:
        raise InputError(f"{tree.root / folder}: its pictures must all show identity {identity} at one camera")
    return rows


DUKE_VIDEO = SourceFormat(load=lambda root, _: load_duke_video(root))
