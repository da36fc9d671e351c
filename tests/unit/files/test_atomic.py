"""Files that are there whole or not at all."""

import errno
import json
import os
import stat
import tempfile
from pathlib import Path

import pytest

from streid.errors import InputError
from streid.files.atomic import atomic_output, atomic_outputs, check_targets, write_text
from streid.files.json_files import write_json


def test_failed_write_keeps_the_earlier_file(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "report.json"
    write_json(target, {"kept": True})
    with pytest.raises(InputError, match="report.json: cannot be written, because a value in it is not finite"):
        write_json(target, {"lost": float("nan")})
    with pytest.raises(RuntimeError), atomic_output(target) as partial:
        partial.write_text("half")
        raise RuntimeError
    assert json.loads(target.read_text()) == {"kept": True}
    assert [path.name for path in target.parent.iterdir()] == ["report.json"]


def test_a_device_or_folder_is_never_replaced(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a regular file"):
        write_text(tmp_path, "text")
    with pytest.raises(InputError, match="not a regular file"):
        write_text("/dev/null", "text")


def test_files_that_belong_together_are_written_together_or_not_at_all(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "new" / "second"
    with atomic_outputs(first, second) as (one, two):
        one.write_text("1", encoding="utf-8")
        two.write_text("2", encoding="utf-8")
        assert not first.exists() and not second.exists()
    assert (first.read_text(encoding="utf-8"), second.read_text(encoding="utf-8")) == ("1", "2")
    with pytest.raises(RuntimeError), atomic_outputs(first, second) as (one, two):
        one.write_text("3", encoding="utf-8")
        raise RuntimeError
    assert first.read_text(encoding="utf-8") == "1"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["first", "new", "second"]


@pytest.mark.parametrize("earlier", [True, False])
@pytest.mark.parametrize("linked", [True, False])
def test_a_failing_rename_brings_the_earlier_versions_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, earlier: bool, linked: bool
) -> None:
    first, second, third = (tmp_path / name for name in ("first", "second", "third"))
    if not linked:
        monkeypatch.setattr(os, "link", refuse_links)
    if earlier:
        for path in (first, second):
            path.write_text(f"earlier {path.name}")
    with pytest.raises(IsADirectoryError), atomic_outputs(first, second, third) as partials:
        for partial in partials:
            partial.write_text("new")
        third.mkdir()  # in the meantime
    found = {path.name: path.read_text() for path in tmp_path.iterdir() if path.is_file()}
    assert found == ({"first": "earlier first", "second": "earlier second"} if earlier else {})


def refuse_links(*_: object, **__: object) -> None:
    raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))


def test_a_signal_after_the_last_rename_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text("earlier")
    second.write_text("earlier")
    rename = os.replace

    def interrupted(source: Path, target: Path) -> None:
        rename(source, target)
        if target == second:
            raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt), atomic_outputs(first, second) as partials:
        for partial in partials:
            partial.write_text("new")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"first": "new", "second": "new"}


@pytest.mark.parametrize(("umask", "mode"), [(0o002, 0o664), (0o077, 0o600), (0o022, 0o644)])
def test_the_umask_holds_whatever_the_writer_does(tmp_path: Path, umask: int, mode: int) -> None:
    """Some libraries write to a temporary file of their own, which nobody else may read, and rename it."""
    before = os.umask(umask)
    try:
        with atomic_outputs(tmp_path / "plain", tmp_path / "new" / "private") as (plain, private):
            plain.write_text("x")
            handle, name = tempfile.mkstemp(dir=tmp_path)
            os.close(handle)
            Path(name).replace(private)
    finally:
        os.umask(before)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "plain", tmp_path / "new" / "private")] == [
        mode
    ] * 2
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o777 & ~umask


def test_two_ways_to_one_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    with (
        pytest.raises(InputError, match=r"link/x: is also another output"),
        atomic_outputs(tmp_path / "x", tmp_path / "link" / "x"),
    ):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["link"]


@pytest.mark.parametrize("name", ["work", "work/model", "link/model"])
def test_outputs_in_the_work_folder_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "work")
    with pytest.raises(InputError, match="is in the work folder"):
        check_targets((tmp_path / name,), (), work=tmp_path / "work")
    check_targets((tmp_path / "workshop",), (), work=tmp_path / "work")


def test_outputs_that_would_replace_an_input_or_each_other_are_refused(tmp_path: Path) -> None:
    given, link = tmp_path / "given", tmp_path / "link"
    given.write_text("x", encoding="utf-8")
    link.symlink_to(given)
    fresh = tmp_path / "a" / "b" / "fresh"
    check_targets((fresh, None, tmp_path / "other"), (given, None))
    for outputs, message in (
        ((tmp_path / "a" / ".." / "given",), "is read as an input"),
        ((link,), "is read as an input"),
        ((fresh, tmp_path / "a" / "b" / ".." / "b" / "fresh"), "is also another output"),
        ((tmp_path,), "is not a regular file"),
        ((given / "below" / "it",), "given is not a directory"),
    ):
        with pytest.raises(InputError, match=message):
            check_targets(outputs, (given,))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["given", "link"]


def test_what_a_killed_writer_left_is_replaced(tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    for name in (".report.json.partial", ".report.json.lock"):
        (tmp_path / name).write_text("left by a killed process")
    with atomic_output(target) as partial:
        assert not partial.exists()
        partial.write_text("{}")
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


@pytest.mark.parametrize("error", [RuntimeError("a library's own words"), OSError("12 requested and 0 written")])
def test_a_full_disk_is_reported_whatever_a_library_makes_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    target = tmp_path / "scores.h5"
    target.write_text("earlier")

    def refuse(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError) as raised, atomic_output(target) as partial:
        partial.write_text("half")
        raise error
    assert (raised.value.errno, raised.value.filename) == (errno.ENOSPC, str(target))
    assert raised.value.__cause__ is error
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("scores.h5", "earlier")]


def test_the_output_is_named_where_only_its_writer_met_the_full_disk(tmp_path: Path) -> None:
    target = tmp_path / "out"

    def writer(partial: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(partial))

    with pytest.raises(OSError, match="No space left") as raised, atomic_output(target) as partial:
        writer(partial)
    assert raised.value.filename == str(target)
    assert not list(tmp_path.iterdir())
