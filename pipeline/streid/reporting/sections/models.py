"""The models at work: what each makes of a picture."""

from collections.abc import Sequence
from dataclasses import dataclass

from streid.reporting.sections.frame import Material, Section


@dataclass(frozen=True, kw_only=True, eq=False)
class ModelsSection(Section):
    """Each model's features: (model, (what a feature describes, its length, where the model was trained))."""

    features: Sequence[tuple[str, tuple[str, ...]]]


def compose_models(material: Material) -> ModelsSection:
    """Describe each model's features."""
    return ModelsSection(
        features=[
            (run.name, (f"one per {run.unit}", f"{run.feature_length:,}", run.source or material.dataset))
            for run in material.runs
        ]
    )
