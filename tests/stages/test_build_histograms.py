import subprocess
from pathlib import Path

import numpy as np
import pytest
from conftest import RunStage, error_line, stage_command
from forked_stage import run_forked

from streid.files.histograms import read_histograms

HEADER = "path,split,pid,camid,session,time,tracklet\n"


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return run_forked(stage_command("build_histograms", *arguments), timeout=120)


def manifest(path: Path, *rows: str) -> Path:
    path.write_text(HEADER + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return path


def test_uses_train_and_val_and_nothing_of_the_test_side(run_stage: RunStage, tmp_path: Path) -> None:
    table = manifest(
        tmp_path / "m.csv",
        "a1,train,1,1,0,0,", "a2,train,1,2,0,250,", "b1,val,2,1,0,900,", "b2,val,2,2,0,0,",
        "c1,query,9,1,0,0,", "c2,gallery,9,2,0,4000,", "d1,gallery,0,7,0,0,",
    )  # fmt: skip
    done = run("--manifest", table, "--output", tmp_path / "h.h5", "--bin-width", "100", "--sigma", "1")
    assert done.returncode == 0, done.stderr
    histograms = read_histograms(tmp_path / "h.h5")
    assert histograms.cameras_C.tolist() == [1, 2]
    assert histograms.counts_CCB.sum() == 2
    assert histograms.counts_CCB[1, 0, 2] == 1
    assert histograms.counts_CCB[0, 1, 8] == 1  # the mean's 1e-7 keeps 900 just under 9 bins
    more = ("--bin-width", 100, "--sigma", 1)
    run_stage("build_histograms", "--manifest", table, "--output", tmp_path / "again.h5", *more, fresh=True)
    assert (tmp_path / "again.h5").read_bytes() == (tmp_path / "h.h5").read_bytes()


@pytest.mark.parametrize(
    ("rows", "message"),
    [((), "holds no pictures"), (("a,train,1,one,0,0,",), "camid 'one' is not a whole number")],
)
def test_unusable_manifest_leaves_one_line_and_no_file(tmp_path: Path, rows: tuple[str, ...], message: str) -> None:
    done = run("--manifest", manifest(tmp_path / "m.csv", *rows), "--output", tmp_path / "h.h5")
    assert done.returncode == 2
    assert message in error_line(done.stderr)
    assert [path.name for path in tmp_path.iterdir()] == ["m.csv"]


def test_a_wrong_clock_is_reported_and_noted(tmp_path: Path) -> None:
    rows = [
        f"{pid}{camid},train,{pid},{camid},0,{1000 * pid + 300 * camid + pid * pid * camid % 41},"
        for pid in range(1, 30)
        for camid in (1, 2)
    ]
    rows[9] = "52,train,5,2,0,1700000000000,"
    done = run("--manifest", manifest(tmp_path / "m.csv", *rows), "--output", tmp_path / "h.h5")
    assert done.returncode == 0, done.stderr
    stored = read_histograms(tmp_path / "h.h5")
    beyond, far = stored.warnings
    assert beyond.startswith("1 of 29 time differences lie beyond bin 4999")
    assert far.startswith(
        "1 of 58 training pictures have times far outside the others', for example camera 2 at 17000000000"
    )
    assert done.stderr.count("WARNING") == 2
    assert far in done.stderr
    assert (np.diff(stored.likelihood.bins.starts()[:1000]) <= 1).all()  # the usual 300 is told from 301


def test_no_times_is_a_warning(tmp_path: Path) -> None:
    table = manifest(tmp_path / "m.csv", "a1,train,1,1,0,,", "a2,train,1,2,0,,")
    done = run("--manifest", table, "--output", tmp_path / "h.h5")
    assert done.returncode == 0
    assert "WARNING" in done.stderr
    assert read_histograms(tmp_path / "h.h5").counts_CCB.sum() == 0


@pytest.mark.parametrize("setting", [("--bin-width", "1e-300"), ("--sigma", "1e300"), ("--sigma", "1e-300")])
def test_settings_beyond_all_use_leave_one_line_and_no_file(tmp_path: Path, setting: tuple[str, str]) -> None:
    table = manifest(tmp_path / "m.csv", "a1,train,1,1,0,0,", "a2,train,1,2,0,250,")
    done = run("--manifest", table, "--output", tmp_path / "h.h5", *setting)
    assert done.returncode == 2
    assert f"argument {setting[0]}: {setting[1]!r} given; it must be a number of at least 1e-06" in done.stderr
    assert not (tmp_path / "h.h5").exists()
