"""The progress bar in a log file."""

import pytest

from streid.appearance.progress import LOG_SECONDS, progress_bar


def test_a_log_file_gets_few_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar("training", "step", 1000, 400) as bar:
        assert bar.mininterval == LOG_SECONDS
        for _ in range(600):
            bar.update()
    written = capsys.readouterr().err
    assert written.count("\r") < 5
    assert "training: 100%" in written
    assert "1000/1000" in written


def test_a_hidden_bar_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar("training", "step", 2, shown=False) as bar:
        bar.update(2)
    assert capsys.readouterr().err == ""
