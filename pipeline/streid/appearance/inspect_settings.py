"""Settings of looking at a model at work."""

from typing import Annotated

from annotated_types import Ge, Le

from streid.stage.settings import READ, Section, Seed


class InspectSettings(Section):
    """What the report shows about how the models work."""

    units: Annotated[int, Ge(1), Le(64), READ] = 8
    """pictures (or clips) on which the report shows how each model works, two of each person"""
    seed: Seed = 0
    """of the choice of people"""
