"""Training settings that do not fit together, and that checking them loads nothing heavy."""

import subprocess
import sys
from typing import Any

import pytest
from conftest import ROOT

from streid.appearance.train_settings import TrainSettings
from streid.errors import InputError


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"backbone": "timm:resnet18"},
            r"start_weights is imagenet, but those of timm:resnet18 are not downloaded; set",
        ),
        ({"backbone": "timm:hf-hub:x"}, "backbone is 'timm:hf-hub:x'; it must be one of resnet18, .*, or timm:NAME"),
        (
            {"architecture": "vit"},
            "backbone is resnet50, but vit takes a vision transformer: set backbone to timm:vit_",
        ),
        ({"pooling": "gem"}, "pooling is gem, but pcb pools in a way of its own: set pooling to average"),
        ({"pooling": "max"}, "pooling is 'max'; it must be one of average, gem"),
        ({"identity": "arcface"}, "identity is arcface, but the classifier of pcb is not one matrix: set identity to"),
        (
            {"architecture": "bot", "identity": "arcface", "label_smoothing": 0.1},
            "arcface, which has no label smoothing",
        ),
    ],
)
def test_what_does_not_fit_together_is_one_line(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message) as refused:
        TrainSettings.of(**changes)
    assert "\n" not in str(refused.value)


def test_settings_are_checked_without_torch_and_timm() -> None:
    code = (
        "import sys; from streid.appearance.train_settings import TrainSettings; "
        "TrainSettings.of(architecture='vit', backbone='timm:no_such', start_weights='none'); "
        "print({'torch', 'timm', 'pytorch_metric_learning'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT / "pipeline", capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"
