"""A headless Chromium, and the tiny world's report and explorer to open in it."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import RunStage
from playwright.sync_api import Browser, sync_playwright

from pictures import find_chromium

EVIL_NAME = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, driven by playwright, which brings none of its own."""
    chromium = find_chromium()
    if chromium is None:
        assert os.environ.get("STREID_REQUIRE_BROWSER") != "1", "chromium is missing"
        pytest.skip("no chromium here; on Debian: apt-get install chromium")
    with sync_playwright() as playwright:
        # As root Chromium starts without its sandbox alone; the pages are the project's own.
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def pages(tiny_results: Path, tmp_path_factory: pytest.TempPathFactory, run_stage: RunStage) -> Path:
    """A folder with report.html and explorer.html of two models, of a data set with an unfriendly name."""
    out = tmp_path_factory.mktemp("pages")
    other = Path(shutil.copytree(tiny_results / "pcb", out / "models" / "pcb@far"))
    models = (
        "--model",
        f"pcb={tiny_results / 'pcb'}",
        "--model",
        f"pcb@far={other}",
        "--model-fusion",
        "pcb@far=logistic",
    )
    shared = (
        *("--dataset", EVIL_NAME, "--histograms", tiny_results / "histograms.h5", "--root", tiny_results / "data"),
        *(*models, "--fusion", "likelihood", "logistic", "--units-per-second", 25, "--threads", 1),
    )
    run_stage(
        *("write_explorer", *shared, "--output", out / "explorer.html", "--report", out / "report.html"),
    )
    run_stage(
        *("write_report", *shared, "--manifest", tiny_results / "manifest.csv"),
        *("--summary", tiny_results / "dataset.json", "--explorer", out / "explorer.html", "--queries", 3),
        *("--output", out / "report.json", "--page", out / "report.html", "--figures", out / "figures"),
    )
    return out
