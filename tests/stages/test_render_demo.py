"""render_demo.py as a user runs it."""

import hashlib
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
from conftest import RunStage, error_line, stage_command
from PIL import Image

SIZE = ("--train-identities", 4, "--test-identities", 4, "--distractors", 40, "--junk", 8)


def digests(root: Path) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def test_same_seed_same_bytes_whatever_the_workers(run_stage: RunStage, tmp_path: Path) -> None:
    for name, workers, seed in (("one", 1, 0), ("three", 3, 0), ("other", 1, 1)):
        size = ("--workers", workers, "--seed", seed, *SIZE)
        run_stage("render_demo", "--output", tmp_path / name, *size, fresh=name == "three")
    one = digests(tmp_path / "one")
    assert one == digests(tmp_path / "three")
    assert one["sequences.json"] == digests(tmp_path / "other")["sequences.json"]
    assert set(one) != set(digests(tmp_path / "other"))


def test_the_tree_is_market1501s(tiny_world: Path) -> None:
    root = tiny_world / "data"
    marker = json.loads((root / "rendered.json").read_text())
    for folder, count in marker["pictures"].items():
        pictures = sorted((root / folder).iterdir())
        assert len(pictures) == count
        masks = sorted((root / "masks" / folder).iterdir())
        assert [path.stem for path in masks] == [path.stem for path in pictures]
        with Image.open(pictures[-1]) as picture, Image.open(masks[-1]) as mask:
            assert (picture.size, picture.mode, picture.format) == ((64, 128), "RGB", "JPEG")
            assert (mask.size, mask.mode, mask.format) == ((64, 128), "L", "PNG")
            assert set(np.unique(np.asarray(mask)).tolist()) <= {0, 1, 2, 3, 4}


def test_names_from_lists(run_stage: RunStage, market_tree: Path, tmp_path: Path) -> None:
    lists, out = tmp_path / "lists", tmp_path / "out"
    lists.mkdir()
    for folder in ("bounding_box_train", "bounding_box_test", "query"):
        names = sorted(path.name for path in (market_tree / folder).iterdir())
        (lists / f"{folder}.txt").write_text("\n".join(names))
    done = run_stage("render_demo", "--names-from", lists, "--output", out)
    assert done.stdout == f"{out}: 3 bounding_box_train, 1 query, 4 bounding_box_test\n"
    assert sorted(path.name for path in out.iterdir()) == [
        ".rendered", "bounding_box_test", "bounding_box_train", "query", "rendered.json",
    ]  # fmt: skip
    assert len(list((out / "bounding_box_test").iterdir())) == 4
    (lists / "query.txt").write_text("beach.png\n")
    error = error_line(run_stage("render_demo", "--names-from", lists, "--output", tmp_path / "new", status=2).stderr)
    assert error.startswith(f"error: {lists / 'query.txt'}, line 1: 'beach.png' is not a Market-1501 picture name")
    assert not (tmp_path / "new").exists()


def test_another_folder_is_never_replaced(run_stage: RunStage, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").write_text("years of work")
    assert "is not an earlier rendering" in error_line(
        run_stage("render_demo", "--output", tmp_path / "out", status=2).stderr
    )
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "thesis.tex"]


def test_a_killed_rendering_leaves_nothing_that_looks_complete(run_stage: RunStage, tmp_path: Path) -> None:
    command = stage_command("render_demo", "--output", tmp_path / "out", "--workers", 2)
    with subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL) as rendering:
        partial = tmp_path / ".out.partial" / "bounding_box_train"
        deadline = time.monotonic() + 60
        while len(list(partial.glob("*.jpg"))) < 250 and time.monotonic() < deadline:
            time.sleep(0.02)
        rendering.kill()
    time.sleep(0.5)
    drawn = len(list(partial.iterdir()))
    time.sleep(0.5)
    try:
        assert drawn == len(list(partial.iterdir())), "workers went on without their parent"
        assert not (tmp_path / "out").exists()
    finally:
        stop_group(rendering.pid)
    run_stage("render_demo", "--output", tmp_path / "out", *SIZE)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def stop_group(group: int) -> None:
    """End what is left of a process group of this test's own."""
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return
