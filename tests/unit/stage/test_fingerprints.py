"""The code closure: every import counts, also those in functions and of packages' modules."""

from pathlib import Path

from streid.stage.fingerprints import fingerprint_run, source_closure


def write_project(root: Path) -> Path:
    files = {
        "stage.py": "import json\ndef main():\n    from streid.room import first\n    import streid.alone\n",
        "streid/__init__.py": "",
        "streid/alone.py": "x = 1\n",
        "streid/unused.py": "x = 1\n",
        "streid/room/__init__.py": "",
        "streid/room/first.py": "from streid.room.second import y\nfrom streid import alone\n",
        "streid/room/second.py": "import numpy\nfrom streid.room.first import x\n",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root / "stage.py"


def test_closure_follows_imports_transitively(tmp_path: Path) -> None:
    script = write_project(tmp_path)
    names = [path.relative_to(tmp_path / "streid").as_posix() for path in source_closure(script)]
    assert names == ["alone.py", "room/first.py", "room/second.py"]


def test_fingerprint_changes_with_code_inputs_and_settings_alone(tmp_path: Path) -> None:
    script = write_project(tmp_path)
    data = tmp_path / "data.csv"
    data.write_text("1")

    def fingerprint(**settings: object) -> str:
        return fingerprint_run(script, inputs=[data], settings={"rate": 0.1} | settings)

    first = fingerprint()
    (tmp_path / "streid" / "unused.py").write_text("x = 2\n")
    script.touch()
    assert fingerprint() == first
    assert fingerprint(rate=0.2) != first
    data.write_text("2")
    assert fingerprint() != first
    data.write_text("1")
    (tmp_path / "streid" / "room" / "second.py").write_text("y = 3\n")
    assert fingerprint() != first
