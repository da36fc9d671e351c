"""The manifest's benchmark runs and its rows make a manifest."""

from pathlib import Path

import pytest

import manifest
from streid.data.manifest import read_manifest


def test_the_rows_are_a_manifest_of_three_splits(tmp_path: Path) -> None:
    manifest.write_rows(tmp_path / "m.csv", 40)
    table = read_manifest(tmp_path / "m.csv")
    assert table["split"].value_counts().to_dict() == {"gallery": 20, "train": 10, "query": 10}


def test_it_says_what_it_took(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["manifest.py", "--rows", "40"])
    manifest.main()
    assert capsys.readouterr().out.startswith("40 rows: read in ")
