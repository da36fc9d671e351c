"""prepare_dataset.py as a user runs it."""

import json
from pathlib import Path

from conftest import RunStage


def prepare(run_stage: RunStage, root: Path, out: Path, *more: object, status: int = 0) -> str:
    done = run_stage(
        *("prepare_dataset", "--dataset", "tiny", "--format", "market1501", "--root", root),
        *("--manifest", out / "manifest.csv", "--summary", out / "dataset.json", *more),
        status=status,
    )
    return str(done.stderr)


def assert_refused(error: str, out: Path, message: str) -> None:
    """One line, and nothing written."""
    assert [line for line in error.splitlines() if line.startswith("error: ")] == error.splitlines()[-1:]
    assert message in error
    assert not out.exists() or not list(out.iterdir())


def test_manifest_and_summary(run_stage: RunStage, tiny_world: Path, tmp_path: Path) -> None:
    prepare(run_stage, tiny_world / "data", tmp_path)
    assert (tmp_path / "manifest.csv").read_bytes() == (tiny_world / "manifest.csv").read_bytes()
    summary = json.loads((tmp_path / "dataset.json").read_text())
    assert summary["warnings"] == []
    assert summary["counts"]["train"]["identities"] == 6
    assert summary["counts"]["query"]["identities"] == 6
    assert (summary["counts"]["gallery"]["distractors"], summary["counts"]["gallery"]["junk"]) == (3, 2)
    assert summary["pictures_with_time"] == sum(count["pictures"] for count in summary["counts"].values())


def test_bad_input_is_one_clear_line(run_stage: RunStage, market_tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    missing = prepare(run_stage, tmp_path / "nowhere", out, status=2)
    assert_refused(missing, out, "no such data set. Market-1501 is offered by its authors")
    stray = market_tree / "query" / "holiday.jpg"
    stray.write_bytes(b"")
    assert_refused(prepare(run_stage, market_tree, out, status=2), out, "'holiday.jpg' is not a Market-1501 picture")
    stray.unlink()
    picture = market_tree / "query" / "0001_c1s1_001051_00.jpg"
    content = picture.read_bytes()
    picture.write_bytes(content[:300])
    assert_refused(prepare(run_stage, market_tree, out, status=2), out, "query/0001_c1s1_001051_00.jpg (")
    picture.unlink()
    assert_refused(prepare(run_stage, market_tree, out, status=2), out, "query: holds no .jpg pictures")


def test_an_unknown_format_is_refused(run_stage: RunStage, market_tree: Path, tmp_path: Path) -> None:
    error = prepare(run_stage, market_tree, tmp_path / "out", "--format", "cuhk", status=2)
    assert_refused(error, tmp_path / "out", "unknown data set format 'cuhk'; known: market1501, manifest")
