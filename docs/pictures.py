"""Make the README's pictures of the report and the explorer anew, from results/demo (Debian's chromium is needed)."""

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import sync_playwright

DOCS = Path(__file__).resolve().parent
RESULTS = DOCS.parent / "results" / "demo"
WIDTH = 868
# The page's address, how wide and high a part of it is taken, and the picture, which is WIDTH wide.
SHOTS = (("report.html", 868, 1600, "report.png"), ("explorer.html#query=244", 1100, 1112, "explorer.png"))


def find_chromium() -> str | None:
    """Where Chromium lies; None without it."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def main() -> None:
    """Open each page, take its upper part, and store it, scaled, with 256 colours."""
    chromium = find_chromium()
    if chromium is None:
        sys.exit("no chromium here; on Debian: apt-get install chromium")
    with sync_playwright() as playwright, TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for address, width, height, name in SHOTS:
            page = browser.new_page(viewport={"width": width, "height": height}, color_scheme="light")
            page.goto(f"{RESULTS.as_uri()}/{address}", wait_until="load")
            raw = Path(folder) / name
            page.screenshot(path=raw)
            shown = Image.open(raw).convert("RGB").resize((WIDTH, round(WIDTH * height / width)))
            shown.quantize(256).save(DOCS / "images" / name, optimize=True)
        browser.close()


if __name__ == "__main__":
    main()
