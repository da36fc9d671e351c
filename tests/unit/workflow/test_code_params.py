"""A stage's code as params: one for each file, of a file that a job does not use the script's."""

from pathlib import Path
from types import SimpleNamespace

from streid.stage.fingerprints import code_digests
from streid.workflow.code_params import code_params


def test_each_file_that_a_job_uses_is_a_param(tmp_path: Path) -> None:
    files = {
        "train.py": "import streid.appearance.backbones\n",
        "streid/appearance/backbones.py": (
            'match name:\n  case "a":\n    import streid.a\n  case "b":\n    import streid.b\n'
        ),
        "streid/a.py": "x = 1\n",
        "streid/b.py": "x = 2\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    script = tmp_path / "train.py"
    params = code_params(script, lambda wildcards: {"backbone": wildcards.model})
    assert len(params) == len(files)
    for name, other in (("a", "streid/b.py"), ("b", "streid/a.py")):
        given = [param(SimpleNamespace(model=name)) for param in params]
        used = code_digests(script, {"backbone": name})
        assert other not in used
        assert set(given) == {f"{path} {digest}" for path, digest in used.items()}
