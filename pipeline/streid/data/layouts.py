"""The data sets' formats: what tells their pictures, and what reads them; the one place that knows all their names.

Plain names, nothing read but folders, and a data set's module imported only when it is loaded: the workflow asks
before anything runs what a preparation depends on. An entry of the table and a case of the match are the code of that
format alone (`streid.stage.fingerprints`).
"""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from streid.data.masks import MASKS_FOLDER
from streid.errors import InputError

if TYPE_CHECKING:
    from streid.data.sources import SourceDataset, ValidationList

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
    match source_format:
        case "market1501":
            from streid.data.market1501 import load_market1501

            dataset = load_market1501(root)
        case "dukemtmc":
            from streid.data.dukemtmc import load_dukemtmc

            dataset = load_dukemtmc(root)
        case "msmt17":
            from streid.data.msmt17 import load_msmt17

            dataset = load_msmt17(root, validation_list)
        case "mars":
            from streid.data.mars import load_mars

            dataset = load_mars(root)
        case "duke_video":
            from streid.data.duke_video import load_duke_video

            dataset = load_duke_video(root)
        case "manifest":
            from streid.data.own import load_own

            dataset = load_own(root, manifest)
        case _:
            raise InputError(f"unknown data set format {source_format!r}; known: {', '.join(FORMATS)}")
    return dataset


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
