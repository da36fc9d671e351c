"""Training curves and their table."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from streid.reporting.figures.learning import plot_training, training_rows
from streid.reporting.palette import COLOURS
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
    assert COLOURS["orange"][0].encode() in charts["training_learning_rate"].svg
    assert COLOURS["blue"][0].encode() not in charts["training_learning_rate"].svg
    dash = "\N{EN DASH}"
    assert training_rows(runs) == [
        ("pcb", ("3", "1", dash, dash, dash, "50.0 %", dash)),
        ("stgcn", ("1", "4", dash, "0.00125", dash, dash, "1,234")),
    ]
    seven = plot_training([make_run(f"model{number}", history=first) for number in range(7)])
    assert seven[0].size[1] > charts["training_loss"].size[1]
