"""Inspected units with their pictures, and how alternative texts name them.

Shape suffixes: U units, T frames, as in `streid.files.inspections`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from streid.files.inspections import Inspection
from streid.reporting.contact_sheets import PictureStore
from streid.reporting.figures.canvas import Pixels, as_seen

# The most frames of a clip, and the most clips, that fit side by side.
MOST_FRAMES, MOST_CLIPS = 8, 2


@dataclass(frozen=True, kw_only=True, eq=False)
class Inspected:
    """An inspection of a model with its pictures, by unit and frame.

    name: the model's, for files. title: the names of all models with the same inspection, because their weights are the
    same.
    """

    name: str
    title: str
    inspection: Inspection
    pictures_UT: Sequence[Sequence[Pixels]]

    @property
    def units(self) -> range:
        """The units' rows."""
        return range(len(self.pictures_UT))

    @property
    def frames(self) -> int:
        """Pictures of a unit."""
        return len(self.pictures_UT[0])

    def short_label(self, unit: int) -> str:
        """As `label`, for narrow places."""
        return f"id {self.inspection.pid_U[unit]}, camera {self.inspection.camid_U[unit]}"

    def label(self, unit: int) -> str:
        """Identity and camera in words."""
        return f"identity {self.inspection.pid_U[unit]}, camera {self.inspection.camid_U[unit]}"


def show_pictures(inspections: Mapping[str, Inspection], store: PictureStore) -> list[Inspected]:
    """Inspections by model with their pictures; models with the same inspection are shown as one.

    Raises:
        InputError: a picture is missing or cannot be decoded.
    """
    names: dict[bytes, list[str]] = {}
    for name, inspection in inspections.items():
        seen = "\n".join([inspection.architecture, *map(str, inspection.paths_UT.flat)])
        names.setdefault(seen.encode() + inspection.energy_UThw.tobytes(), []).append(name)
    return [
        Inspected(
            name=alike[0],
            title=", ".join(alike),
            inspection=inspections[alike[0]],
            pictures_UT=[
                [as_seen(store.thumbnail(str(path)).picture) for path in paths_T]
                for paths_T in inspections[alike[0]].paths_UT
            ],
        )
        for alike in names.values()
    ]


def height_words(share: float) -> str:
    """Where in a picture a height is, as a share from its top."""
    return "the upper third" if share < 1 / 3 else "the middle third" if share < 2 / 3 else "the lower third"
