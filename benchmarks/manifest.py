"""Time and memory of reading and writing a manifest of a million rows."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "pipeline"))

from streid.data.manifest import COLUMNS, read_manifest, write_manifest
from streid.stage.cli import positive_int
from streid.stage.processes import peak_memory

PEOPLE, CAMERAS, SESSIONS, PASS = 5000, 20, 3, 10
LONGEST_TIME = 1_000_003
SPLITS = ("train", "query", "gallery", "gallery")


def write_rows(path: Path, rows: int) -> None:
    """A manifest of so many pictures: a quarter to train on, a quarter of queries, the rest the gallery."""
    with path.open("w", encoding="utf-8") as handle:
        handle.write(f"{','.join(COLUMNS)}\n")
        for row in range(rows):
            split = SPLITS[row * len(SPLITS) // rows]
            pid = row % PEOPLE + (1 if split == "train" else 1 + PEOPLE)
            place = f"{split}/{pid:06d}/c{row % CAMERAS:02d}_{row:09d}.jpg"
            time_ = row * 7 % LONGEST_TIME
            handle.write(f"{place},{split},{pid},{row % CAMERAS},{row % SESSIONS},{time_},{row // PASS}\n")


def main() -> None:
    """Write, read, write again; print what each took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=positive_int, default=1_000_000, help="default: %(default)s")
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "manifest.csv"
        write_rows(path, rows)
        started = time.perf_counter()
        table = read_manifest(path)
        read = time.perf_counter() - started
        started = time.perf_counter()
        write_manifest(path, table)
        written = time.perf_counter() - started
    print(f"{rows:,} rows: read in {read:.1f} s, written in {written:.1f} s, peak memory {peak_memory() / 1e9:.2f} GB")


if __name__ == "__main__":
    main()
