"""Published numbers, versions and the commit."""

import subprocess
from pathlib import Path

from streid.data.layouts import FORMATS
from streid.reporting.report.published import published_results
from streid.reporting.report.record import git_state, installed_versions


def test_published_numbers_only_for_the_data_sets_they_are_of() -> None:
    counts = {"train": {"pictures": 12936}}
    assert published_results({"source_format": "market1501", "expected": None}) == ()
    assert published_results({"source_format": "manifest", "expected": counts}) == ()
    market = {result.method: (result.rank1, result.mean_ap) for result in published_results(
        {"source_format": "market1501", "expected": counts}
    )}  # fmt: skip
    assert market["st-ReID"] == (98.1, 87.6)
    assert market["st-ReID, appearance alone"] == (91.2, None)
    for source_format in sorted(set(FORMATS) - {"manifest"}):
        assert published_results({"source_format": source_format, "expected": counts, "rendered": False})
        assert published_results({"source_format": source_format, "expected": counts, "rendered": True}) == ()
    (mars,) = published_results({"source_format": "mars", "expected": counts})
    assert (mars.method, mars.rank1, mars.mean_ap) == ("STGCN (CVPR 2020)", 89.95, 83.7)


def test_versions_name_python_first() -> None:
    versions = installed_versions()
    assert next(iter(versions)) == "python"
    assert {"numpy", "matplotlib"} <= set(versions)


def test_commit_and_whether_files_differ(tmp_path: Path) -> None:
    assert git_state(tmp_path) is None

    def git(*arguments: str) -> str:
        identity = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main")
        command = ["git", "-C", str(tmp_path), *identity, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    git("init")
    (tmp_path / "file").write_text("a")
    git("add", "file")
    git("commit", "-m", "first")
    commit = git("rev-parse", "HEAD")
    assert git_state(tmp_path) == commit
    (tmp_path / "file").write_text("b")
    assert git_state(tmp_path) == f"{commit}-dirty"
