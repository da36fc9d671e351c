"""Training curves."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from inspections_by_hand import texts

from streid.reporting.figures.training_curve import plot_training
from streid.reporting.palette import SERIES
from streid.reporting.runs import ModelRun

MakeRun = Callable[..., ModelRun]


def test_training_curves_only_of_what_was_recorded(make_run: MakeRun) -> None:
    history = pd.DataFrame({"epoch": [1.0, 2.0], "loss": [2.0, 1.0], "accuracy": [0.1, 0.5], "val_mAP": [np.nan] * 2})
    charts = plot_training([make_run("pcb", history=history), make_run("none")])
    assert [chart.name for chart in charts] == ["training_loss", "training_accuracy"]
    assert charts[1].alt == "Accuracy on training pictures, % over the epochs: pcb ends at 50."
    assert plot_training([make_run()]) == []


def test_training_of_several_models_and_validation_now_and_then(make_run: MakeRun) -> None:
    first = pd.DataFrame({"epoch": [1.0, 2.0, 3.0], "loss": [3.0, 2.0, 1.0], "val_mAP": [0.25, 0.5, np.nan]})
    second = pd.DataFrame({"epoch": [1.0], "loss": [4.0], "learning_rate": [0.00125], "pictures_per_second": [1234.5]})
    runs = [make_run("pcb", history=first), make_run("stgcn", history=second)]
    charts = {chart.name: chart for chart in plot_training(runs)}
    assert list(charts) == [
        "training_loss",
        "training_val_mAP",
        "training_learning_rate",
        "training_pictures_per_second",
    ]
    assert charts["training_loss"].alt == "Loss over the epochs: pcb ends at 1, stgcn ends at 4."
    assert charts["training_val_mAP"].alt == "Held-out mAP, % over the epochs: pcb ends at 50."
    # The second model keeps its colour where the first has no curve.
    assert SERIES[1] in charts["training_learning_rate"].drawing
    assert SERIES[0] not in charts["training_learning_rate"].drawing
    seven = plot_training([make_run(f"model{number}", history=first) for number in range(7)])
    assert seven[0].size[1] > charts["training_loss"].size[1]


@pytest.mark.parametrize("rates", [[0.0002, 0.0004], [0.003, 0.06], [0.1, 0.001], [1e-7, 0.1], [0.05] * 2, [0.0, 0.1]])
def test_the_axis_of_the_learning_rate_has_numbers(make_run: MakeRun, rates: list[float]) -> None:
    history = pd.DataFrame({"epoch": [1.0, 2.0], "learning_rate": rates})
    (chart,) = plot_training([make_run(history=history)])
    numbers = [float(text) for text in texts(chart) if text != "epoch"]
    assert sum(min(rates) <= number <= max(rates) for number in numbers) >= (1 if rates[0] == rates[1] else 2)
