"""The data sets' formats: what tells their pictures, and what reads them; the one place that knows all their names.

Plain names, nothing read but folders, and a data set's module imported only when it is loaded: the workflow asks
before anything runs what a preparation depends on.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from streid.data.masks import MASKS_FOLDER
from streid.errors import InputError

if TYPE_CHECKING:
    from streid.data.msmt17 import ValidationList
    from streid.data.sources import SourceDataset

MARKET_FOLDERS = ("bounding_box_train", "bounding_box_test", "query")


class Layout(NamedTuple):
    """Where a data set keeps what tells its pictures.

    folders: with pictures. files: with lists and tables. of_identities: the folders hold one for each identity,
    and these the pictures.
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


def load_dataset(
    source_format: str, root: Path, manifest: Path | None, validation_list: "ValidationList" = "train"
) -> "SourceDataset":
    """Read a data set of the given format.

    Args:
        source_format: one of `FORMATS`.
        root: the data set's folder.
        manifest: the user's own manifest, for the format `manifest`.
        validation_list: what to do with MSMT17's own validation pictures.

    Raises:
        InputError: the data set is missing or cannot be used.
    """
    from streid.data.duke_video import load_duke_video
    from streid.data.dukemtmc import load_dukemtmc
    from streid.data.market1501 import load_market1501
    from streid.data.mars import load_mars
    from streid.data.msmt17 import load_msmt17
    from streid.data.own import load_own

    loaders: dict[str, Callable[[Path], SourceDataset]] = {
        "market1501": load_market1501,
        "dukemtmc": load_dukemtmc,
        "msmt17": partial(load_msmt17, validation_list=validation_list),
        "mars": load_mars,
        "duke_video": load_duke_video,
        "manifest": partial(load_own, manifest=manifest),
    }
    if source_format not in loaders:
        raise InputError(f"unknown data set format {source_format!r}; known: {', '.join(FORMATS)}")
    return loaders[source_format](root)


def raw_inputs(source_format: str, root: Path) -> list[Path]:
    """The files and folders of a data set whose change means that it must be prepared again, sorted.

    A folder changes when something in it is added, removed or renamed. What is not there is left out;
    where files are missing that are needed, the preparation itself says so.
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
