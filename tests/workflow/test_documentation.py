"""Every command, script and setting in README and docs runs, every link leads somewhere, no reference drifts.

A page is gone through from the top in a copy of the project in which the tiny demo's report is made: `sh` blocks and
commands in the text run in bash, `python` blocks in Python (one that starts with `# some/file.py` is saved there
instead), `yaml` blocks are put into config.yaml or the SLURM profile, `diff` blocks applied, `csv` blocks read as
manifests. Networks are tiny by `TINY`; `WAYS` lists what else runs otherwise than it stands, and why.
"""

import csv
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT
from forked_stage import server_folder
from pages import Block, blocks, broken_links, indented_code
from project import Project

import configuration
from streid.data.manifest import COLUMNS

PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *ROOT.glob("*/README.md"))
)
READING = "test_what_a_page_says_works"
STAND_INS = Path(__file__).with_name("stand_ins")
TINY = {
    "train": {
        "backbone": "resnet18",
        "start_weights": "none",
        "height": 64,
        "width": 32,
        "epochs": 1,
        "batch_size": 16,
        "workers": 0,
    },
    "joint": {"fusions": ["likelihood"]},
    "report": {"queries": 2},
}
# Programs whose commands run as they stand, and those that `WAYS` knows another way for.
RUN = ("python", "snakemake", "pytest", "make", "source")
REPLACED = ("conda", "tensorboard", "salloc", "squeue", "scancel", "sacct", "uv", "pip")
NOTHING_TO_RUN = ("text", "math", "js")

# For a loaded machine; a quiet one needs a minute or two.
pytestmark = pytest.mark.timeout(1800)


@dataclass(frozen=True)
class Way:
    """How commands run here: where `found` stands in one on a page, `instead` is put."""

    found: str
    instead: str
    why: str
    page: str = ".*"


WAYS = [
    Way(r"^make (?!demo)", "make --dry-run ", "the tests themselves, minutes to hours of timings, or a resolver"),
    Way(r"^pip install \.$", ":", "it would change the environment; test_installation.py installs a copy elsewhere"),
    Way(r"^conda env create -f ", "test -s ", "there is no conda; test_environment.py compares the file with the lock"),
    Way(r"^tensorboard --logdir (\S+)$", r"tensorboard --version_tb && ls \1", "it serves until it is stopped"),
    Way(r"^(salloc|squeue)\b.*", ":", "a cluster's own; test_slurm.py drives a real one"),
    Way(r"^(python benchmarks/.*)$", r"\1 --help", "timings take minutes; its arguments are read"),
    Way(
        r"^(python pipeline/render_demo.py) --names-from .*",
        r"\1 --help",
        "minutes; test_render_demo.py has a few",
    ),
    Way(r"^ls -l results/market/.*", ":", "Market-1501 is not there"),
    Way(r"^pytest -m faults", "pytest --collect-only -m faults", "minutes of kills; make test-faults runs them"),
    Way(r"--cores \d+", "--cores 2", "as many as the tests may use"),
    Way(r"^(\S+=\S+ )?snakemake (?=.*results/market/)", r"\1snakemake --dry-run ", "Market-1501 is not there"),
    Way(r"^snakemake (?=.*all_models)", "snakemake --dry-run ", "half an hour; test_road.py takes a few steps of each"),
    Way(r"^snakemake (?=.*results/own/)", "snakemake --dry-run ", "nor is an own data set", "README.md"),
    Way(
        r"person\.jpg",
        '"$(ls data/demo/query/*.jpg | head -n 1)"',
        "the reader's own picture",
        "docs/(search|networks).md",
    ),
    Way(
        r"^(snakemake --cores \d+ results/demo/report.json)$",
        r"\1 --config 'datasets={demo: {joint: {fusions: [likelihood]}}}'",
        "one fusion is quicker",
        "docs/features.md",
    ),
    Way(r"--train-identities 30 --test-identities 20", "--train-identities 14 --test-identities 6", "quicker"),
]


CHECK = """
import yaml
from streid.workflow.configuration import read_configuration
print(read_configuration(yaml.safe_load(open("config/config.yaml", encoding="utf-8")))[1])
"""


def merge(into: dict[str, Any], more: dict[str, Any]) -> None:
    """Put nested values into others, in place."""
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = value


class Reader:
    """Does what a page says, in a project of its own."""

    def __init__(self, project: Project, page: str) -> None:
        self.project, self.page, self.folder = project, page, project.folder
        for name in ("Makefile", "README.md", "CONTRIBUTING.md", "pyproject.toml", "requirements.lock"):
            shutil.copy(ROOT / name, self.folder / name)
        for name in ("tests", "benchmarks"):
            shutil.copytree(ROOT / name, self.folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(ROOT / "docs", self.folder / "docs", dirs_exist_ok=True)
        # What `make` and `source .venv/bin/activate` find: the environment these tests run in, finished.
        (self.folder / ".venv").mkdir()
        (self.folder / ".venv" / "ready").touch()
        (self.folder / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
        # Features made elsewhere, with a group val of people who are not tested.
        shutil.copy(self.folder / "results/demo/pcb/features.h5", self.folder / "F.h5")
        with project.edited_config() as config:
            merge(config, TINY)

    def run(self, command: list[str], script: str) -> str:
        environment = os.environ | {
            # Stages are forked off a process that has their libraries loaded.
            "PATH": os.pathsep.join([f"{server_folder()}/bin", str(Path(sys.executable).parent), os.environ["PATH"]]),
            # What `pip install .` gives, and what stands for other projects.
            "PYTHONPATH": f"{STAND_INS}{os.pathsep}{self.folder / 'pipeline'}",
        }
        done = subprocess.run(
            command, input=script, cwd=self.folder, env=environment, text=True, capture_output=True, check=False
        )
        logs = "".join(path.read_text() for path in self.folder.glob("results/*/logs/*.log"))
        assert done.returncode == 0, f"{self.page}:\n{script}\n{done.stdout}{logs}{done.stderr}"
        return done.stdout

    def shell(self, body: str) -> str:
        return self.run(
            ["bash", "-euo", "pipefail"], "\n".join(substituted(line, self.page) for line in command_lines(body))
        )

    def python(self, body: str) -> str:
        target = re.match(r"# ([\w./]+\.py)\n", body)
        if target is None:
            return self.run([sys.executable, "-"], body)
        (self.folder / target[1]).write_text(body.partition("\n")[2])
        return ""

    def settings(self, body: str) -> str:
        content = yaml.safe_load(body)
        profile = self.folder / "workflow/profiles/slurm/profile.yaml"
        if set(content) <= {"default-resources", "set-resources", "slurm-status-command", "jobs"}:
            profile.write_text(yaml.safe_dump(yaml.safe_load(profile.read_text()) | content))
            return ""
        with self.project.edited_config() as config:
            merge(config, content)
            merge(config, TINY)
        # By the project's own library, which the page may have added something to.
        assert self.run([sys.executable, "-"], CHECK) == "[]\n"
        return ""

    def patch(self, body: str) -> str:
        return self.run(["git", "apply", "-"], body)

    def manifest(self, body: str) -> str:
        assert [len(row) for row in csv.reader(body.splitlines())] == [len(COLUMNS)] * len(body.splitlines())
        assert body.splitlines()[0] == ",".join(COLUMNS)
        return ""

    def do(self, block: Block) -> str:
        ways: dict[str, Callable[[str], str]] = {
            "sh": self.shell,
            "python": self.python,
            "yaml": self.settings,
            "diff": self.patch,
            "csv": self.manifest,
        }
        if block.language in NOTHING_TO_RUN:
            return ""
        assert block.language in ways, f"{self.page}: no way to test a block of {block.language or 'no language'!r}"
        return ways[block.language](block.body)


def command_lines(body: str) -> list[str]:
    """The commands of a block, each in one line, without comments."""
    lines = (re.sub(r"(^|\s)#.*", "", line).strip() for line in body.replace("\\\n", " ").splitlines())
    return [line for line in lines if line]


def substituted(line: str, page: str) -> str:
    """A command as it runs here; one of a program that nobody knows is refused."""
    for way in WAYS:
        if re.fullmatch(way.page, page):
            line = re.sub(way.found, way.instead, line)
    program = re.sub(r"^(\w+=\S+ +)*", "", line).partition(" ")[0]
    assert program in (*RUN, "test", "tensorboard", ":"), f"{page}: say in WAYS how to test {line!r}"
    return line


def page_blocks(page: str) -> list[Block]:
    return blocks((ROOT / page).read_text(encoding="utf-8"), RUN + REPLACED)


def read(page: str, finished: Project, folder: Path) -> None:
    """Do what a page says, from the top, in a copy of the finished project."""
    reader, done = Reader(finished.copy(folder), page), set[str]()
    for block in page_blocks(page):
        lines = command_lines(block.body) if block.language == "sh" else []
        if lines and done >= set(lines):
            continue  # said again, for example in the text
        done |= set(lines)
        reader.do(block)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def readings(
    request: pytest.FixtureRequest, finished: tuple[Project, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[None]]]:
    """The pages to be tested, read two at a time, for one seldom keeps two cores busy; the long tutorial first."""
    chosen = [item.callspec.params["page"] for item in request.session.items if item.name.startswith(READING)]
    with ThreadPoolExecutor(2) as pool:
        yield {
            page: pool.submit(read, page, finished[0], tmp_path_factory.mktemp("page") / "project")
            for page in sorted(chosen, reverse=True)
        }
        pool.shutdown(cancel_futures=True)


@pytest.mark.pages
@pytest.mark.parametrize("page", [page for page in PAGES if page_blocks(page)])
def test_what_a_page_says_works(page: str, readings: dict[str, Future[None]]) -> None:
    readings[page].result()


def test_every_way_is_needed() -> None:
    commands = [
        (page, line)
        for page in PAGES
        for block in page_blocks(page)
        if block.language == "sh"
        for line in command_lines(block.body)
    ]
    for way in WAYS:
        needed = any(re.fullmatch(way.page, page) and re.search(way.found, line) for page, line in commands)
        assert needed, f"nothing on any page is run this way: {way}"


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere_and_code_is_fenced(page: str) -> None:
    assert broken_links(ROOT / page) == []
    assert indented_code((ROOT / page).read_text(encoding="utf-8")) == []


def test_every_page_can_be_found_from_the_readme() -> None:
    linked = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [page for page in PAGES if page != "README.md" and f"({page})" not in linked] == []


def test_the_configuration_reference_is_up_to_date() -> None:
    assert (ROOT / "docs/configuration.md").read_text(encoding="utf-8") == configuration.reference(), "run: make docs"


def test_a_block_that_nobody_knows_and_a_broken_link_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# A `b` c\n\n```sh\nrm -rf /\n```\n\n[a](#a-b-c) [b](#b) [c](none.md) [d](https://x.y/z)\n\n    code\n"
    )
    assert broken_links(page) == ["#b", "none.md"]
    assert len(indented_code(page.read_text())) == 1
    (block,) = blocks(page.read_text(), RUN)
    with pytest.raises(AssertionError, match="say in WAYS how to test 'rm -rf /'"):
        substituted(block.body.strip(), "page.md")
    assert [block.body for block in blocks("Say `make demo` or `cat x`.", RUN)] == ["make demo\n"]
