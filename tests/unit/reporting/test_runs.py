"""Reading what a report is made from."""

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from streid.errors import InputError
from streid.reporting.runs import ModelRun, best_run, final_epoch, read_history, read_metrics, read_summary

MakeRun = Callable[..., ModelRun]


def test_streams_keep_the_order_of_the_road(make_run: MakeRun) -> None:
    metric = {"mAP": 0.5}
    run = make_run(reranked=metric, zebra=metric, joint=metric, visual=metric)
    assert list(run.streams) == ["visual", "joint", "reranked", "zebra"]
    assert run.final_stream == "reranked"
    assert make_run(spatiotemporal=metric).final_stream == "spatiotemporal"


def test_the_best_run_has_the_highest_final_map(make_run: MakeRun) -> None:
    good, better = make_run("good", visual={"mAP": 0.9}, joint={"mAP": 0.5}), make_run("better", visual={"mAP": 0.6})
    assert best_run([good, better, make_run("equal", visual={"mAP": 0.6})]).name == "better"


def test_history_leaves_speed_and_unknown_columns_out(tmp_path: Path) -> None:
    path = tmp_path / "training.csv"
    path.write_text(
        "epoch,loss,accuracy,learning_rate,pictures_per_second,note,val_mAP\n1,2,0.1,0.1,80,a,\n2,1,0.5,0.01,81,b,\n"
    )
    assert final_epoch(read_history(path)) == {
        "epochs": 2,
        "last": {"loss": 1.0, "accuracy": 0.5, "learning_rate": 0.01, "val_mAP": None},
    }
    assert final_epoch(None) is None


@pytest.mark.parametrize("content", ["", "epoch,loss\n", "loss\n1\n", "epoch,loss\n1,high\n"])
def test_unusable_histories_are_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "training.csv"
    path.write_text(content)
    with pytest.raises(InputError, match=r"training\.csv"):
        read_history(path)


def test_other_formats_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "some.json"
    path.write_text(json.dumps({"format": "streid-dataset", "version": 1}))
    with pytest.raises(InputError, match="expected 'streid-metrics'"):
        read_metrics(path)
    with pytest.raises(InputError, match="lacks counts"):
        read_summary(path)
    path.write_text(json.dumps({"format": "streid-metrics", "version": 1, "streams": {"joint": {"rank1": 1.0}}}))
    with pytest.raises(InputError, match="stream joint lacks rank5"):
        read_metrics(path)
    path.write_text(json.dumps({"format": "streid-metrics", "version": 1}))
    with pytest.raises(InputError, match="no streams"):
        read_metrics(path)


def test_a_history_of_one_epoch(tmp_path: Path) -> None:
    path = tmp_path / "training.csv"
    pd.DataFrame({"epoch": [1], "loss": [0.5]}).to_csv(path, index=False)
    assert final_epoch(read_history(path)) == {"epochs": 1, "last": {"loss": 0.5}}
