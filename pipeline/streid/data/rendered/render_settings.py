"""Settings of a rendered world."""

from typing import Annotated

from annotated_types import Ge, Le

from streid.errors import InputError
from streid.stage.settings import READ, Section, Seed, Whole

HIGHEST_PID = 9999  # names have four digits
Identities = Annotated[int, Ge(1), Le(HIGHEST_PID - 1), READ]


class RenderSettings(Section):
    """The rendered world, for data sets with this section."""

    seed: Seed = 0
    """random seed; the same seed gives the same bytes"""
    train_identities: Identities = 100
    """people to train on"""
    test_identities: Identities = 100
    """people to test on"""
    distractors: Whole = 150
    """pictures of people who are in no query"""
    junk: Whole = 60
    """bad boxes, as a detector makes them"""
    frames_per_pass: Annotated[int, Ge(2), Le(1000), READ] = 5
    """pictures of a person passing a camera, on average"""

    def check(self) -> None:
        """Refuse more people than can be named."""
        if self.train_identities + self.test_identities > HIGHEST_PID:
            raise InputError(
                f"train_identities {self.train_identities} and test_identities {self.test_identities} are more than "
                f"{HIGHEST_PID} together, the most that can be named"
            )
