"""Where each format keeps what tells its pictures: the files and folders that preparing it depends on.

Plain names, nothing read but folders: the workflow asks this before anything runs.
"""

from pathlib import Path

MASKS_FOLDER = "masks"
MARKET_FOLDERS = ("bounding_box_train", "bounding_box_test", "query")
FOLDERS = {
    "market1501": MARKET_FOLDERS,
    "dukemtmc": MARKET_FOLDERS,
    "msmt17": ("train", "test", "mask_train_v2", "mask_test_v2", *MARKET_FOLDERS),
    "mars": ("bbox_train", "bbox_test"),
    "duke_video": ("train", "query", "gallery"),
    "manifest": (),
}
FILES = {
    "market1501": ("sequences.json",),
    "msmt17": ("list_train.txt", "list_val.txt", "list_query.txt", "list_gallery.txt"),
    "mars": (
        "info/train_name.txt",
        "info/test_name.txt",
        "info/tracks_train_info.mat",
        "info/tracks_test_info.mat",
        "info/query_IDX.mat",
    ),
}
WITH_FOLDERS_OF_IDENTITIES = ("duke_video",)
FORMATS = tuple(FOLDERS)


def raw_inputs(source_format: str, root: Path) -> list[Path]:
    """The files and folders of a data set whose change means that it must be prepared again, sorted.

    A folder changes when something in it is added, removed or renamed. What is not there is left out;
    where files are missing that are needed, the preparation itself says so.
    """
    folders = [root / name for name in FOLDERS[source_format] if (root / name).is_dir()]
    if source_format in WITH_FOLDERS_OF_IDENTITIES:
        folders += [entry for folder in folders for entry in folder.iterdir() if entry.is_dir()]
    masks = root / MASKS_FOLDER
    if masks.is_dir():
        folders += [masks, *(entry for entry in masks.iterdir() if entry.is_dir())]
    files = [root / name for name in FILES.get(source_format, ()) if (root / name).is_file()]
    return sorted(folders + files)
