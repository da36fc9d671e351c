"""The formats of data sets: the folders and files of each, and the module that reads it.

To add a data set, write its module, its line in LAYOUTS and its case in `find_format`. Importing this module loads
nothing heavy, because the workflow reads it before anything runs; a format's module is imported when it is needed. A
line and a case count as code of that format only (`streid.stage.fingerprints`).
"""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from streid.data.picture_paths import MASKS_FOLDER
from streid.errors import InputError

if TYPE_CHECKING:
    from streid.data.sources import SourceFormat

MARKET_FOLDERS = ("bounding_box_train", "bounding_box_test", "query")


class Layout(NamedTuple):
    """The folders and files that a data set is read from.

    folders: folders with pictures. files: lists and tables. of_identities: each folder has a subfolder for each
    identity, with the pictures.
    """

    folders: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    of_identities: bool = False


LAYOUTS = {
    "market1501": Layout(MARKET_FOLDERS, ("sequences.json",)),
    "dukemtmc": Layout(MARKET_FOLDERS),
    "msmt17": Layout(
        ("train", "test", "mask_train_v2", "mask_test_v2", *MARKET_FOLDERS),
        ("list_train.txt", "list_val.txt", "list_query.txt", "list_gallery.txt"),
    ),
    "mars": Layout(
        ("bbox_train", "bbox_test"),
        (
            "info/train_name.txt",
            "info/test_name.txt",
            "info/tracks_train_info.mat",
            "info/tracks_test_info.mat",
            "info/query_IDX.mat",
        ),
    ),
    "duke_video": Layout(("train", "query", "gallery"), of_identities=True),
    "manifest": Layout(),
}
FORMATS = tuple(LAYOUTS)


def find_format(name: str) -> "SourceFormat":
    """The reader of a format, from its module.

    Raises:
        InputError: the name is not one of `FORMATS`.
    """
    match name:
        case "market1501":
            from streid.data.market1501 import MARKET1501

            found = MARKET1501
        case "dukemtmc":
            from streid.data.dukemtmc import DUKEMTMC

            found = DUKEMTMC
        case "msmt17":
            from streid.data.msmt17 import MSMT17

            found = MSMT17
        case "mars":
            from streid.data.mars import MARS

            found = MARS
        case "duke_video":
            from streid.data.duke_video import DUKE_VIDEO

            found = DUKE_VIDEO
        case "manifest":
            from streid.data.own import OWN

            found = OWN
        case _:
            raise InputError(f"unknown data set format {name!r}; known: {', '.join(FORMATS)}")
    return found


def raw_inputs(source_format: str, root: Path) -> list[Path]:
    """The files and folders of a data set whose change means that it must be prepared again, sorted.

    A folder changes when something in it is added, removed or renamed. Missing ones are left out: the preparation says
    which needed files are missing.
    """
    layout = LAYOUTS[source_format]
    folders = [root / name for name in layout.folders if (root / name).is_dir()]
    if layout.of_identities:
        folders += [entry for folder in folders for entry in folder.iterdir() if entry.is_dir()]
    masks = root / MASKS_FOLDER
    if masks.is_dir():
        folders += [masks, *(entry for entry in masks.iterdir() if entry.is_dir())]
    files = [root / name for name in layout.files if (root / name).is_file()]
    return sorted(folders + files)
