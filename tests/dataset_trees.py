"""Small trees in the exact layouts of the data sets."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from conftest import write_picture
from scipy.io import savemat

DUKE = (
    "bounding_box_train/0001_c2_f0046182.jpg",
    "bounding_box_train/0001_c2_f0046302.jpg",
    "bounding_box_train/0001_c2_f0056302.jpg",
    "bounding_box_train/0001_c5_f0051341.jpg",
    "query/0005_c2_f0046985.jpg",
    "bounding_box_test/0005_c3_f0062003.jpg",
    "bounding_box_test/7140_c8_f0000051.jpg",
)
MSMT17_LISTS = {
    "train": ("0000/0000_000_01_0303morning_0015_0.jpg 0", "0001/0001_000_14_0114afternoon_1985_3_ex.jpg 1"),
    "val": ("0000/0000_001_03_0303morning_0027_1.jpg 0",),
    "query": ("0000/0000_002_06_0113noon_0000_0.jpg 0", "0001/0001_000_15_0302morning_0007_0.jpg 1"),
    "gallery": ("0000/0000_003_07_0113noon_0301_0_ex.jpg 0", "0001/0001_004_02_0302morning_0107_2.jpg 1"),
}
MSMT17_COPY = (
    "bounding_box_train/0000_c1_0000.jpg",
    "bounding_box_train/0001_c14_0003.jpg",
    "query/0000_c6_0002.jpg",
    "bounding_box_test/0000_c7_0003.jpg",
    "bounding_box_test/-1_c7_0004.jpg",
)
MARS_TRAIN = (("0001C1T0001F", 3), ("0001C2T0001F", 2), ("0003C6T0002F", 2))
MARS_TEST = (("00-1C1T0001F", 2), ("0000C2T0003F", 1), ("0002C1T0001F", 2), ("0002C3T0001F", 3), ("0004C5T0001F", 1))
MARS_QUERIES = (3, 4)
DUKE_VIDEO = (
    "train/0001/0001/0001_C6_F0001_X30811.jpg",
    "train/0001/0001/0001_C6_F0099_X31987.jpg",
    "train/0001/0002/0001_C2_F0001_X0442.jpg",
    "query/0005/0089/0005_C1_F0001_X91.jpg",
    "gallery/0005/0090/0005_C4_F0001_X2091.jpg",
    "gallery/0005/0090/0005_C4_F0013_X2103.jpg",
    "gallery/0705/0001/0705_C8_F0001_X5.jpg",
)


def write_pictures(root: Path, paths: Iterable[str]) -> Path:
    for seed, path in enumerate(paths):
        write_picture(root / path, seed=seed, size=(16, 32))
    return root


def write_duke(root: Path) -> Path:
    return write_pictures(root, DUKE)


def write_msmt17(root: Path, folders: tuple[str, str] = ("train", "test")) -> Path:
    for name, lines in MSMT17_LISTS.items():
        folder = folders[0] if name in ("train", "val") else folders[1]
        write_pictures(root / folder, [line.split(" ")[0] for line in lines])
        (root / f"list_{name}.txt").write_text("\n".join(lines) + "\n")
    return root


def write_msmt17_copy(root: Path) -> Path:
    return write_pictures(root, MSMT17_COPY)


def write_mars(root: Path) -> Path:
    (root / "info").mkdir(parents=True)
    for half, tracklets in (("train", MARS_TRAIN), ("test", MARS_TEST)):
        names: list[str] = []
        table = []
        for stem, count in tracklets:
            table.append((len(names) + 1, len(names) + count, int(stem[:4].replace("00-1", "-1")), int(stem[5])))
            names += [f"{stem}{frame:03d}.jpg" for frame in range(1, count + 1)]
        write_pictures(root / f"bbox_{half}", [f"{name[:4]}/{name}" for name in names])
        (root / "info" / f"{half}_name.txt").write_text("\n".join(names) + "\n")
        kind = np.uint16 if half == "train" else np.int32
        savemat(root / "info" / f"tracks_{half}_info.mat", {f"track_{half}_info": np.array(table, kind)})
    savemat(root / "info" / "query_IDX.mat", {"query_IDX": np.array([MARS_QUERIES], np.uint16)})
    return root


def write_duke_video(root: Path, *, older_names: bool = False) -> Path:
    def older(path: str) -> str:
        folder, _, name = path.rpartition("/")
        return f"{folder}/{name.replace('_', '')}"

    return write_pictures(root, [older(path) if older_names else path for path in DUKE_VIDEO])
