"""The two ways to set streid up ask for the same versions, and name no package index."""

import re

from environment_versions import ENVIRONMENT, ROOT, expected_environment, locked_versions, requested_packages


def test_environment_matches_the_lock() -> None:
    assert ENVIRONMENT.read_text(encoding="utf-8") == expected_environment(), "run: make lock"


def test_lock_holds_every_requested_package_with_hashes() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    locked = locked_versions(lock)
    assert set(requested_packages((ROOT / "requirements.in").read_text(encoding="utf-8"))) <= set(locked)
    assert lock.count("--hash=sha256:") >= len(locked)
    assert not re.search(r"https?://|--index|--find-links|file:", lock)


def test_versions_are_read_from_the_lock() -> None:
    assert locked_versions("a-b==1.2 \\\n    --hash=x\nc==3 ; python_version<'4'\n") == {"a-b": "1.2", "c": "3"}
    assert requested_packages("# note\ntorch~=2.15.0\nA.b  # why\n") == ["a.b", "torch"]
