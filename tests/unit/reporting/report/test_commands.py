"""The command lines that runs begin with in their logs: the last run of each counts."""

from pathlib import Path

import pytest

from streid.errors import InputError
from streid.reporting.report.commands import read_commands, repeat_command

BEGINNING = "2026-01-01 10:00:00,123 INFO command: "


def test_each_stages_commands_in_the_order_they_run(tmp_path: Path) -> None:
    logs = {
        "evaluate_joint.pcb.v2@market.likelihood": f"{BEGINNING}python evaluate_joint.py --fusion 'a b'\nmore\n",
        "prepare_dataset": f"{BEGINNING}python prepare_dataset.py --root \u00e9\n{BEGINNING}python again.py\n",
        "train_appearance.pcb": "training:   0%\rtraining: 100%\n",
        "export_model.pcb": f"{BEGINNING}python export_model.py\n",
        "own_stage": f"no time INFO command: x\n  {BEGINNING}y\n",
        "write_report": f"{BEGINNING}python write_report.py --config-json /dev/fd/63\n",
    }
    for name, text in logs.items():
        (tmp_path / f"{name}.log").write_text(text, encoding="utf-8")
    prepare, evaluate, report = read_commands(tmp_path, "a set", "--configfile 'b c.yaml'")
    assert prepare.commands == [("", "python again.py")]
    assert prepare.again == (
        "snakemake --cores all --configfile 'b c.yaml' --forcerun prepare_dataset -- 'results/a set/report.json'"
    )
    assert evaluate.stage == "evaluate_joint"
    assert evaluate.commands == [("pcb.v2@market, likelihood", "python evaluate_joint.py --fusion 'a b'")]
    assert (report.stage, report.commands) == ("write_report", [])


def test_a_log_that_is_no_text_has_no_command(tmp_path: Path) -> None:
    (tmp_path / "prepare_dataset.log").write_bytes(bytes(range(256)))
    assert [stage.stage for stage in read_commands(tmp_path, "demo", "")] == ["write_report"]
    with pytest.raises(InputError, match="no such folder of logs"):
        read_commands(tmp_path / "none", "demo", "")


def test_the_report_again() -> None:
    assert repeat_command("demo", "") == "snakemake --cores all -- results/demo/report.json"
    flags = "--profile p --config 'joint={alpha: 4}'"
    assert repeat_command("demo", flags) == f"snakemake --cores all {flags} -- results/demo/report.json"
