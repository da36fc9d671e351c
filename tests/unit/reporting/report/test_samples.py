"""Sample pictures, people and a tracklet."""

from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from streid.data.picture_source import PictureSource
from streid.reporting.contact_sheets import PictureStore
from streid.reporting.report.samples import sample_identities, sample_pictures, sample_sheet, sample_tracklet
from streid.reporting.wording import Clock

CLOCK = Clock(per_second=25, unit="frames")
COLUMNS = ["path", "split", "pid", "camid", "session", "time", "tracklet"]


@pytest.fixture
def store(tmp_path: Path) -> PictureStore:
    for row in range(30):
        Image.new("RGB", (64, 128), (8 * row, 90, 120)).save(tmp_path / f"{row:02}.jpg")
    return PictureStore(PictureSource(tmp_path))


def manifest(rows: list[tuple[object, ...]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=COLUMNS)


def test_samples_are_of_the_people_most_cameras_saw(store: PictureStore) -> None:
    seen = [("00", 7, 2), ("01", 7, 1), ("02", 7, 2), ("03", 3, 1), ("04", -1, 1), ("05", 0, 3)]
    samples = sample_identities(
        manifest([(f"{name}.jpg", "gallery", pid, camid, 0, -1, -1) for name, pid, camid in seen]), store, seed=0
    )
    assert [(sample.title, [picture.label for picture in sample.pictures]) for sample in samples] == [
        ("Identity 7", ["c1", "c2"]),
        ("Identity 3", ["c1"]),
    ]
    assert samples[0].pictures[1].thumbnail is store.thumbnail("00.jpg")
    assert samples[0].pictures[1].alt == "identity 7, camera 2"
    assert sample_sheet(samples).size == (4 * 72 + 8, 2 * (128 + 2 * 18) + 8)


def test_pictures_of_training_and_test_are_drawn(store: PictureStore) -> None:
    trained = [(f"{row:02}.jpg", "train", row + 1, 1, 0, -1, -1) for row in range(20)]
    tested = [("20.jpg", "query", 50, 2, 0, -1, -1), ("20.jpg", "gallery", 50, 2, 0, -1, -1)]
    junk = [("21.jpg", "gallery", -1, 2, 0, -1, -1), ("22.jpg", "gallery", 0, 2, 0, -1, -1)]
    table = manifest([*trained, *tested, *junk])
    first, second = sample_pictures(table, store, seed=3)
    assert (first.title, len(first.pictures)) == ("Training", 12)
    assert len({picture.label for picture in first.pictures}) == 12
    assert [(picture.label, picture.alt) for picture in second.pictures] == [
        ("50, c2", "test picture: identity 50, camera 2")
    ]
    again, _ = sample_pictures(table.sample(frac=1, random_state=1), store, seed=3)
    other, _ = sample_pictures(table, store, seed=4)
    assert [picture.label for picture in again.pictures] == [picture.label for picture in first.pictures]
    assert [picture.label for picture in other.pictures] != [picture.label for picture in first.pictures]


def test_a_long_tracklet_over_its_frames(store: PictureStore) -> None:
    long = [(f"{row:02}.jpg", "train", 9, 4, 0, 100 + 25 * (22 - row), 5) for row in range(23)]
    short = [("25.jpg", "train", 8, 1, 0, 50, 6), ("26.jpg", "gallery", 1, 1, 0, 60, 5)]
    short += [("27.jpg", "train", 8, 1, 0, 1, -1)]
    row = sample_tracklet(manifest(long + short), store, CLOCK, seed=0)
    assert row is not None
    assert row.title == "Identity 9 in camera 4: 23 pictures"
    assert [picture.label for picture in row.pictures] == [f"+{second} s" for second in range(0, 23, 2)]
    assert row.pictures[0].thumbnail is store.thumbnail("22.jpg")
    assert row.pictures[-1].alt == "frame 23 of 23, identity 9, camera 4"


def test_frames_of_less_than_a_second_are_told_apart(store: PictureStore) -> None:
    frames = [(f"{row:02}.jpg", "train", 9, 4, 0, 100 + 10 * row, 5) for row in range(3)]
    row = sample_tracklet(manifest(frames), store, CLOCK, seed=0)
    assert row is not None
    assert [picture.label for picture in row.pictures] == ["+0.0 s", "+0.4 s", "+0.8 s"]


def test_tracklets_without_times_and_no_tracklets(store: PictureStore) -> None:
    frames = [(f"{row:02}.jpg", "train", 9, 4, 0, -1, 5) for row in range(3)]
    row = sample_tracklet(manifest(frames), store, CLOCK, seed=0)
    assert row is not None
    assert [picture.label for picture in row.pictures] == ["1", "2", "3"]
    assert sample_tracklet(manifest([(*frames[0][:6], -1)]), store, CLOCK, seed=0) is None
