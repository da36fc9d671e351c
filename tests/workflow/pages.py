"""Reading the documentation: a page's code blocks, commands, headings and links."""

import re
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\S*)\n(?P<body>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """What is to be done at a place of a page: a fenced block, or a command in the text, of language sh."""

    place: int
    language: str
    body: str


def prose(text: str) -> str:
    """A page without its fenced blocks, every other character in its place."""
    return FENCE.sub(lambda fence: re.sub(r"[^\n]", " ", fence[0]), text)


def blocks(text: str, programs: tuple[str, ...]) -> list[Block]:
    """The fenced blocks of a page and the commands in its text that start with one of the programs, from the top."""
    found = [
        Block(fence.start(), fence["language"], re.sub(rf"^{fence['indent']}", "", fence["body"], flags=re.MULTILINE))
        for fence in FENCE.finditer(text)
    ]
    command = re.compile(rf"(?:{'|'.join(map(re.escape, programs))}) \S.*")
    spans = [span for span in SPAN.finditer(prose(text)) if command.fullmatch(span[1])]
    found += [Block(span.start(), "sh", f"{span[1]}\n") for span in spans]
    return sorted(found, key=lambda block: block.place)


def indented_code(text: str) -> list[str]:
    """Lines that Markdown shows as code though no fence says in which language."""
    return re.findall(r"^\n {4,}\S.*$", prose(text), re.MULTILINE)


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    plain = (re.sub(r"[`*]", "", heading) for heading in HEADING.findall(prose(text)))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in plain}


def broken_links(page: Path) -> list[str]:
    """The links and pictures of a page that lead to no file, or to no heading of it, but for other hosts'."""
    broken = []
    for target in LINK.findall(prose(page.read_text(encoding="utf-8"))):
        name, _, anchor = target.partition("#")
        path = page.parent / name if name else page
        if re.match(r"[a-z]+:", target):
            continue
        if not path.exists() or (anchor and anchor not in anchors(path.read_text(encoding="utf-8"))):
            broken.append(target)
    return broken
