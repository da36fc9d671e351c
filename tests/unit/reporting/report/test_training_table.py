"""What training ended with, in words."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from streid.reporting.report.training_table import training_rows
from streid.reporting.runs import ModelRun

MakeRun = Callable[..., ModelRun]


def test_the_last_measured_values_and_the_middle_speed(make_run: MakeRun) -> None:
    first = pd.DataFrame({"epoch": [1.0, 2.0, 3.0], "loss": [3.0, 2.0, 1.0], "val_mAP": [0.25, 0.5, np.nan]})
    second = pd.DataFrame({"epoch": [1.0], "loss": [4.0], "learning_rate": [0.00125], "pictures_per_second": [1234.5]})
    runs = [make_run("pcb", history=first), make_run("none"), make_run("stgcn", history=second)]
    dash = "\N{EN DASH}"
    assert training_rows(runs) == [
        ("pcb", ("3", "1", dash, dash, dash, "50.0 %", dash)),
        ("stgcn", ("1", "4", dash, "0.00125", dash, dash, "1,234")),
    ]
