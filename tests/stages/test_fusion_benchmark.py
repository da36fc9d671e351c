"""The benchmark of the fusions, as it is run."""

import subprocess
import sys
from pathlib import Path

from conftest import MARKET_NAMES, ROOT


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "fusion.py", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_tables_of_tiny_sets() -> None:
    tiny = ("--duke-scale", "0.02", "--msmt-scale", "0.01", "--threads", "1")
    done = run(*tiny, "--seeds", "0", "1", "--identities", "5", "3", "--all-cameras")
    assert done.returncode == 0, done.stderr
    fusions, weights, open_scenes, thinned = (
        [line for line in part.splitlines() if line.startswith("|")] for part in done.stdout.split("| set, draw")[1:]
    )
    labels = ["duke-like 0", "duke-like 1", "msmt-like 0", "msmt-like 1"]
    for table in (fusions, weights, open_scenes):
        assert [line.split("|")[1].strip() for line in table[-4:]] == labels
    assert [line.split("|")[2].strip() for line in thinned[-8:]] == ["5", "3"] * 4


def test_market_needs_its_names(tmp_path: Path) -> None:
    done = run("--sets", "market")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1:] == [
        "error: the set market needs Market-1501's picture names; give their folder with --lists"
    ]
    for folder in list(MARKET_NAMES)[:2]:
        (tmp_path / f"{folder}.txt").write_text("\n".join(MARKET_NAMES[folder]), encoding="utf-8")
    done = run("--lists", tmp_path)
    assert done.returncode == 2
    assert "bounding_box_test.txt: no such file" in done.stderr


def test_help_needs_no_torch() -> None:
    done = run("--help")
    assert done.returncode == 0
    assert "--all-cameras" in done.stdout
