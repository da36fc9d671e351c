"""Report and explorer in a real browser: nothing fails, nothing is loaded from elsewhere, everything is reached."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

PHONE, DESK = (390, 844), (1200, 900)
# What is wrong with each picture: not loaded, or without words for those who do not see it.
BROKEN_PICTURES = """() => Promise.all([...document.images].map((image) => {
  image.loading = "eager";
  return image.decode().then(() => image.naturalWidth > 0 ? "" : "empty", () => "broken")
    .then((problem) => problem || (image.hasAttribute("alt") ? "" : "no alt text"));
})).then((problems) => [problems.length, problems.filter(Boolean)])"""
Visit = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser, pages: Path) -> Iterator[Visit]:
    """Open a page in a window of this size and colour scheme; at the end it must have had no error or request."""
    contexts = []
    problems: list[str] = []

    def open_page(name: str, size: tuple[int, int] = DESK, scheme: str = "light") -> Page:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme=scheme,  # type: ignore[arg-type]
        )
        contexts.append(context)
        page = context.new_page()
        own = f"file://{pages}/"
        page.on("console", lambda message: problems.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: problems.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (problems.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda request: request.url.startswith(("data:", own)) or problems.append(request.url))
        page.goto(own + name)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert problems == []


def state(page: Page) -> dict[str, str]:
    """What the address says is shown."""
    found: dict[str, str] = page.evaluate("Object.fromEntries(new URLSearchParams(location.hash.slice(1)))")
    return found


def data_of(page: Page) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(page.locator("#data").text_content() or "")
    return content


@pytest.mark.parametrize("name", ["report.html", "explorer.html"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_picture_loads_and_a_phone_need_not_scroll_sideways(visit: Visit, name: str, scheme: str) -> None:
    page = visit(name, PHONE, scheme)
    number, problems = page.evaluate(BROKEN_PICTURES)
    assert number > 10
    assert problems == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    page.set_viewport_size({"width": DESK[0], "height": DESK[1]})
    assert page.evaluate("document.documentElement.scrollWidth") <= DESK[0]
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
    assert (sum(colour) > 3 * 128) == (scheme == "light")


def test_the_pages_link_to_each_other(visit: Visit) -> None:
    page = visit("report.html")
    page.get_by_role("link", name="Gallery explorer").first.click()
    assert page.url.partition("#")[0].endswith("/explorer.html")
    page.get_by_role("link", name="report").click()
    assert page.url.endswith("/report.html")


def test_arrow_keys_step_through_the_queries(visit: Visit) -> None:
    page = visit("explorer.html")
    rows = sorted(query["row"] for query in data_of(page)["queries"][0])
    total = len(rows)
    assert state(page)["query"] == str(rows[0] + 1)
    assert page.locator("#previous").is_disabled()
    page.keyboard.press("ArrowLeft")
    assert page.locator("#position").text_content() == f"1 / {total}"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert state(page)["query"] == str(rows[2] + 1)
    page.locator("#previous").click()
    assert page.locator("#position").text_content() == f"2 / {total}"
    page.keyboard.press("End")
    assert state(page)["query"] == str(rows[-1] + 1)
    assert page.locator("#next").is_disabled()
    page.keyboard.press("Home")
    assert state(page)["query"] == str(rows[0] + 1)
    page.locator("#order").focus()
    page.keyboard.press("ArrowRight")  # belongs to the select
    assert state(page)["query"] == str(rows[0] + 1) or state(page)["order"] == "worst"


def test_a_link_carries_the_state(visit: Visit, pages: Path) -> None:
    page = visit("explorer.html")
    page.locator("#fusion").select_option("logistic")
    page.locator("#order").select_option("worst")
    page.keyboard.press("ArrowRight")
    link = page.url.rpartition("/")[2]
    again = visit(link)
    assert state(again) == state(page) == state(page) | {"model": "pcb", "fusion": "logistic", "order": "worst"}
    assert again.locator("main").inner_text() == page.locator("main").inner_text()
    again.evaluate("location.hash = 'model=pcb@far&query=4'")
    again.wait_for_function("document.getElementById('model').value === 'pcb@far'")
    assert state(again)["query"] == "4"
    assert state(again)["fusion"] == "logistic"
    nonsense = visit("explorer.html#model=<b>&fusion=%00&order=x&camera=99&identity=__proto__&query=1e9")
    assert state(nonsense) == data_of(nonsense)["best"] | {"order": "number", "query": "1"}


def test_it_opens_on_the_best_model_and_fusion_and_shows_what_was_missed(visit: Visit) -> None:
    page = visit("explorer.html")
    data = data_of(page)
    assert state(page) == data["best"] | {"order": "number", "query": state(page)["query"]}
    models = [model for models in data["models"] for model in models]
    (place,) = [place for place, model in enumerate(models) if model["name"] == data["best"]["model"]]
    names = [fusion["name"] for fusion in models[place]["fusions"]]
    lists = {one["row"]: one["lists"][place][names.index(data["best"]["fusion"])][-1] for one in data["queries"][0]}
    for verdict, rows in (
        ("wrong", [row for row, found in lists.items() if found[1] > 1]),
        ("right", [row for row, found in lists.items() if found[1] == 1]),
    ):
        page.locator("#verdict").select_option(verdict)
        assert page.locator("#query option").count() == len(rows)
    page.locator("#verdict").select_option("")
    for number, (row, (_, first, _, _, missed)) in enumerate(sorted(lists.items())):
        page.locator("#query").select_option(index=number)
        assert state(page)["query"] == str(row + 1)
        shown = page.locator("section.stream").last.locator("li.missed")
        assert shown.count() == (missed is not None)
        if missed:
            assert shown.inner_text().startswith(f"\N{CHECK MARK} {first}")


def test_worst_first_by_the_final_streams_precision(visit: Visit) -> None:
    page = visit("explorer.html")
    queries = data_of(page)["queries"][0]
    for place, fusion in enumerate(("likelihood", "logistic")):
        page.locator("#fusion").select_option(fusion)
        page.locator("#order").select_option("number")
        page.locator("#order").select_option("worst")
        found = [one["lists"][0][place][-1][0] for one in queries]
        worst = min(2 if precision is None else precision for precision in found)
        shown = next(one for one in queries if one["row"] == int(state(page)["query"]) - 1)
        assert shown["lists"][0][place][-1][0] == worst
        assert f"{100 * worst:.1f}\N{NO-BREAK SPACE}%" in page.locator("section.reranked h3").inner_text()


def test_filters_leave_what_they_name(visit: Visit) -> None:
    page = visit("explorer.html")
    data = data_of(page)
    pictures = [data["pictures"][one["picture"]] for one in data["queries"][0]]
    camera = max(picture[2] for picture in pictures)
    page.locator("#camera").select_option(str(camera))
    count = sum(picture[2] == camera for picture in pictures)
    assert page.locator("#position").text_content() == f"1 / {count}"
    assert page.locator("#query option").count() == count
    person = next(picture[1] for picture in pictures if picture[2] == camera)
    page.locator("#identity").select_option(str(person))
    both = sum(picture[1] == person and picture[2] == camera for picture in pictures)
    assert page.locator("#position").text_content() == f"1 / {both}"
    assert state(page)["camera"] == str(camera) and state(page)["identity"] == str(person)
    page.locator("#camera").select_option("")
    assert "camera" not in state(page)


def test_what_is_shown_is_what_the_data_say(visit: Visit) -> None:
    page = visit("explorer.html")
    data = data_of(page)
    page.keyboard.press("ArrowRight")
    row = int(state(page)["query"]) - 1
    query = next(one for one in data["queries"][0] if one["row"] == row)
    streams = page.locator("section.stream")
    assert streams.count() == 3
    signs = ["\N{CHECK MARK}", "\N{BALLOT X}", "\N{EN DASH}", "\N{EN DASH}"]
    for number, (_precision, _first, _left_out, hits, missed) in enumerate(query["lists"][0][0]):
        items = streams.nth(number).locator("li")
        assert items.count() == len(hits) + (missed is not None)
        rank = 0
        for place, (picture, verdict, s, times, *_) in enumerate(hits):
            text = items.nth(place).inner_text()
            rank += verdict < 2
            assert text.startswith(f"{signs[verdict]} {rank}" if verdict < 2 else signs[verdict])
            assert f"camera {data['pictures'][picture][2]}" in text
            assert f"{s:.3f}" in text and f"{abs(times):.2f}" in text
    frame = page.locator("li.right img, li.wrong img").first
    assert frame.evaluate("image => getComputedStyle(image).borderTopStyle") in ("solid", "dashed")


def test_m_and_f_change_model_and_fusion(visit: Visit) -> None:
    page = visit("explorer.html")
    page.keyboard.press("ArrowRight")
    page.locator("#model").select_option("pcb")
    page.locator("#fusion").select_option("likelihood")
    before = state(page)
    page.keyboard.press("f")
    assert state(page) == before | {"fusion": "logistic"}
    assert "p" in page.locator("section.joint dt").all_inner_texts()
    page.keyboard.press("m")
    assert state(page) == before | {"model": "pcb@far", "fusion": "logistic"}
    assert page.locator("label[data-for=fusion]").is_hidden()
    page.keyboard.press("m")
    assert state(page)["model"] == "pcb"
