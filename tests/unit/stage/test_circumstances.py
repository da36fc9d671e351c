"""Where and with what a stage computes: what is told when unfinished work was begun under other circumstances."""

import pytest
import torch

from streid.stage.circumstances import describe_circumstances, warn_of_change
from streid.stage.fingerprints import pixel_versions


def test_threads_count_on_the_cpu_alone() -> None:
    versions = pixel_versions()
    assert describe_circumstances(torch.device("cpu"), 3, batch_size=8) == {
        "device": "cpu",
        "threads": "3",
        "batch_size": "8",
        **versions,
    }
    assert describe_circumstances(torch.device("cuda", 1), 3) == {"device": "cuda", **versions}


def test_what_is_different_is_reported_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    warn_of_change({"device": "cpu", "threads": "4", "torch": "2.1"}, {"device": "cpu", "threads": "2", "torch": "2.1"})
    warn_of_change({"device": "cpu", "threads": "4"}, {"device": "cuda"})
    assert [record.message for record in caplog.records] == [
        f"resuming with {changes}: the result may differ in its last bits from that of a run that was never stopped"
        for changes in ("threads 2 instead of 4", "device cuda instead of cpu, threads not set instead of 4")
    ]


def test_nothing_is_told_where_nothing_is_different(caplog: pytest.LogCaptureFixture) -> None:
    warn_of_change({"device": "cpu"}, {"device": "cpu"})
    assert caplog.records == []
