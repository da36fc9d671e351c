"""Sample pictures of a data set, as page content and as contact sheets."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from PIL import Image

from streid.data.manifest import evaluated
from streid.reporting.pictures import LABEL_HEIGHT, MARGIN, THUMBNAIL, ContactSheet, PictureStore, Thumbnail

SAMPLED_IDENTITIES = 4


@dataclass(frozen=True, kw_only=True)
class SampleIdentity:
    """One person as each camera sees them: (camera, picture), cameras ascending."""

    identity: int
    views: tuple[tuple[int, Thumbnail], ...]


def sample_identities(manifest: pd.DataFrame, store: PictureStore, seed: int) -> list[SampleIdentity]:
    """Some of the people seen by the most cameras, drawn with `seed`, one picture per camera."""
    rows = manifest[evaluated(manifest["pid"])]
    cameras = rows.groupby("pid")["camid"].nunique()
    generator = np.random.default_rng(seed)
    drawn = cameras.index.to_numpy()[generator.permutation(len(cameras))]
    by_cameras = cameras.loc[drawn].sort_values(ascending=False, kind="stable")
    samples = []
    for identity in by_cameras.index[:SAMPLED_IDENTITIES]:
        seen = rows[rows["pid"] == identity].sort_values(["camid", "path"]).groupby("camid")["path"].first()
        views = tuple((int(camera), store.thumbnail(str(path))) for camera, path in seen.items())
        samples.append(SampleIdentity(identity=int(identity), views=views))
    return samples


def sample_sheet(samples: Sequence[SampleIdentity]) -> Image.Image:
    """The sampled people as one picture: a row per person, their cameras from left to right."""
    width, height = THUMBNAIL[0] + MARGIN, THUMBNAIL[1] + LABEL_HEIGHT
    columns = max((len(sample.views) for sample in samples), default=1)
    sheet = ContactSheet(columns * width + MARGIN, len(samples) * height + MARGIN)
    for number, sample in enumerate(samples):
        for column, (camera, thumbnail) in enumerate(sample.views):
            sheet.place(thumbnail, (MARGIN + column * width, MARGIN + number * height), f"c{camera}")
    return sheet.picture
