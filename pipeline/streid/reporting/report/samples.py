"""Sample pictures of a data set, as page content and as contact sheets."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from PIL import Image

from streid.data.manifest import evaluated
from streid.files.sightings import UNKNOWN_TIME
from streid.reporting.contact_sheets import LABEL_HEIGHT, MARGIN, THUMBNAIL, ContactSheet, PictureStore, Thumbnail
from streid.reporting.wording import Clock, count

SAMPLED_PICTURES, SAMPLED_IDENTITIES, SAMPLED_FRAMES = 12, 4, 12
TRAINED, TESTED = ("train", "val"), ("query", "gallery")
NO_TRACKLET = -1


@dataclass(frozen=True, kw_only=True)
class SamplePicture:
    """One picture of a row; label: below it. alt: what it shows, in words."""

    thumbnail: Thumbnail
    label: str
    alt: str


@dataclass(frozen=True, kw_only=True)
class SampleRow:
    """Pictures that belong together."""

    title: str
    pictures: tuple[SamplePicture, ...]


def sample_pictures(manifest: pd.DataFrame, store: PictureStore, seed: int) -> list[SampleRow]:
    """Pictures of training and of test, drawn with `seed`, junk and distractors left out."""
    people = manifest[evaluated(manifest["pid"])]
    rows = []
    for title, splits in (("Training", TRAINED), ("Test", TESTED)):
        listed = people[people["split"].isin(splits)].drop_duplicates("path").sort_values("path")
        generator = np.random.default_rng(seed)
        drawn = listed.iloc[generator.permutation(len(listed))[:SAMPLED_PICTURES]].sort_values(["pid", "camid", "path"])
        pictures = [
            SamplePicture(
                thumbnail=store.thumbnail(str(row.path)),
                label=f"{row.pid}, c{row.camid}",
                alt=f"{title.lower()} picture: identity {row.pid}, camera {row.camid}",
            )
            for row in drawn.itertuples()
        ]
        if pictures:
            rows.append(SampleRow(title=title, pictures=tuple(pictures)))
    return rows


def sample_identities(manifest: pd.DataFrame, store: PictureStore, seed: int) -> list[SampleRow]:
    """Some of the people seen by the most cameras, drawn with `seed`: a picture from each camera, in order."""
    rows = manifest[evaluated(manifest["pid"])]
    cameras = rows.groupby("pid")["camid"].nunique()
    generator = np.random.default_rng(seed)
    drawn = cameras.index.to_numpy()[generator.permutation(len(cameras))]
    by_cameras = cameras.loc[drawn].sort_values(ascending=False, kind="stable")
    samples = []
    for identity in by_cameras.index[:SAMPLED_IDENTITIES]:
        seen = rows[rows["pid"] == identity].sort_values(["camid", "path"]).groupby("camid")["path"].first()
        pictures = tuple(
            SamplePicture(
                thumbnail=store.thumbnail(str(path)), label=f"c{camera}", alt=f"identity {identity}, camera {camera}"
            )
            for camera, path in seen.items()
        )
        samples.append(SampleRow(title=f"Identity {identity}", pictures=pictures))
    return samples


def sample_tracklet(manifest: pd.DataFrame, store: PictureStore, clock: Clock, seed: int) -> SampleRow | None:
    """One tracklet over its frames, drawn with `seed` from the longest quarter; None if there are no tracklets.

    Of a long one, `SAMPLED_FRAMES` frames at even steps are shown; labels say how much later each is than the first.
    """
    rows = manifest[evaluated(manifest["pid"]) & (manifest["tracklet"] != NO_TRACKLET)]
    sizes = rows.groupby(["split", "tracklet"]).size()
    if sizes.empty:
        return None
    longer = sizes[sizes >= sizes.quantile(0.75)].sort_index()
    split, tracklet = longer.index[int(np.random.default_rng(seed).integers(len(longer)))]
    chosen = rows[(rows["split"] == split) & (rows["tracklet"] == tracklet)].sort_values(["time", "path"])
    places = np.unique(np.linspace(0, len(chosen) - 1, min(len(chosen), SAMPLED_FRAMES)).round().astype(int))
    frames = chosen.iloc[places]
    times = [int(time) for time in frames["time"]]
    labels = [f"{place + 1}" for place in places]
    if UNKNOWN_TIME not in times:
        labels = clock.gaps([time - times[0] for time in times])
    pictures = [
        SamplePicture(
            thumbnail=store.thumbnail(str(frame.path)),
            label=label,
            alt=f"frame {place + 1} of {len(chosen)}, identity {frame.pid}, camera {frame.camid}",
        )
        for place, frame, label in zip(places, frames.itertuples(), labels, strict=True)
    ]
    first = chosen.iloc[0]
    title = f"Identity {first['pid']} in camera {first['camid']}: {count(len(chosen), 'picture')}"
    return SampleRow(title=title, pictures=tuple(pictures))


def sample_sheet(rows: Sequence[SampleRow]) -> Image.Image:
    """Rows of pictures as one picture, from left to right, each under its title."""
    width, height = THUMBNAIL[0] + MARGIN, THUMBNAIL[1] + 2 * LABEL_HEIGHT
    columns = max((len(row.pictures) for row in rows), default=1)
    sheet = ContactSheet(max(columns, 4) * width + MARGIN, len(rows) * height + MARGIN)
    for number, row in enumerate(rows):
        top = MARGIN + number * height
        sheet.write((MARGIN, top), row.title)
        for column, picture in enumerate(row.pictures):
            sheet.place(picture.thumbnail, (MARGIN + column * width, top + LABEL_HEIGHT), picture.label)
    return sheet.picture
