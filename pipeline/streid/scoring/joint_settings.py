"""Settings of the joint score."""

from typing import Annotated, Literal

from annotated_types import MinLen
from pydantic import Field

from streid.scoring.fusion_records import FUSIONS
from streid.stage.settings import DIFFERENT, Amount, Auto, Count, OneOf, Passing, Positive, Section, Seed

FusionName = Annotated[str, OneOf(tuple(FUSIONS))]


class JointSettings(Section):
    """Combining appearance and times into one score."""

    fusions: Annotated[list[FusionName], MinLen(1), DIFFERENT, Passing.WORKFLOW_ONLY] = Field(
        default_factory=lambda: [name for name, record in FUSIONS.items() if record.uses_times]
    )
    """fusions to compare, in this order: logistic (st-ReID's), likelihood (docs/fusion.md), none"""
    alpha: Positive = 5.0
    """steepness of the logistic fusion"""
    weight: Auto | Amount = "auto"
    """weight of the likelihood's log ratio: auto (on held-out identities, else a default) or a number"""
    seed: Seed = 0
    """random seed for the bootstrap, and for the pictures that the weight is chosen on"""
    bootstrap: Count = 1000
    """resamples for the 95 % intervals"""
    histograms_from: Annotated[Literal["own", "source"], Passing.WORKFLOW_ONLY] = "own"
    """own, or source: for a model of another data set (name@source) that set's histograms"""
