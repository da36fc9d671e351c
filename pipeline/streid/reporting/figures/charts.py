"""Charts as SVG, drawn once: in light colours in a file, in the page's colours on a page. Same data, same bytes.

Text stays text, in the reader's system font.
"""

import base64
import functools
import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from PIL import Image

from streid.reporting.palette import FONTS, INK, LINE, MUTED, PAPER, in_css_variables, on_light_paper

LAYOUT_FONT = "DejaVu Sans"
# A hundredth of a point is enough for places. The numbers of a matrix are not places.
PLACES, FINE_DIGITS = re.compile(r' (?:d|x|y|transform)="(?!matrix)[^"]*"'), re.compile(r"(\.\d\d)\d+")
WIDE, NARROW = (330, 250), (330, 220)
SVG, XLINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}"
REFERENCE = re.compile(r"#([\w-]+)")
# Left out on a page: metadata, which nobody sees, and style rules, which would apply to the whole page.
NO_TURN = re.compile(r"rotate\(-?0 ")
LEFT_OUT = (f"{SVG}metadata", f"{SVG}style")

# Pictures in an SVG; photographs are to be smoothed, without `image-rendering`.
EMBEDDED = re.compile(r'data:image/png;base64,\s*([A-Za-z0-9+/=\s]+)"')
PIXELATED = re.compile(r' style="image-rendering:[^"]*"')
PHOTOGRAPH_PIXELS, PHOTOGRAPH_QUALITY = 2048, 80

Paint = Callable[[Axes], None]


@dataclass(frozen=True, kw_only=True, eq=False)
class Chart:
    """A drawn chart.

    name: its file name without ending, also the start of its ids on a page. title: the text above it. alt: what it
    shows, in words, for readers who cannot see it. size: width and height in CSS pixels. drawing: SVG in placeholder
    colours (`streid.reporting.palette`).
    """

    name: str
    title: str
    alt: str
    size: tuple[int, int]
    drawing: str

    @property
    def svg(self) -> bytes:
        """An SVG file in light colours."""
        return on_light_paper(self.drawing).encode()

    @functools.cached_property
    def inline(self) -> Markup:
        """The SVG element for a page, coloured by the page's CSS variables; its ids begin with the chart's name."""
        root = ET.fromstring(self.drawing)
        used = set(REFERENCE.findall(self.drawing))
        for parent in list(root.iter()):
            for child in [child for child in parent if child.tag in LEFT_OUT]:
                parent.remove(child)
            own = parent.attrib.pop("id", None)
            if own in used:
                parent.set("id", f"{self.name}-{own}")
            for name in ("clip-path", f"{XLINK}href"):
                if "#" in (value := parent.get(name, "")):
                    parent.set(name, REFERENCE.sub(rf"#{self.name}-\1", value))
            if NO_TURN.match(parent.get("transform", "")):
                del parent.attrib["transform"]
            parent.tail = None
            parent.text = parent.text if parent.tag == f"{SVG}text" else None
        width, height = map(str, self.size)
        root.attrib = {"viewBox": root.attrib["viewBox"], "width": width, "height": height}
        root.attrib |= {"class": "chart", "role": "img", "aria-label": self.alt}
        ET.register_namespace("", SVG[1:-1])
        ET.register_namespace("xlink", XLINK[1:-1])
        return Markup(in_css_variables(ET.tostring(root, encoding="unicode").replace(f" font-family: {FONTS};", "")))


def draw_chart(
    *,
    name: str,
    title: str,
    alt: str,
    size: tuple[int, int],
    paint: Paint,
    below: Sequence[Paint] = (),
    photographs: bool = False,
) -> Chart:
    """Draw a chart.

    Args:
        size: width and height in CSS pixels (1/96 inch).
        paint: draws the data into the axes, in placeholder colours.
        below: each draws into axes of the same height below the first; all share one x axis.
        photographs: whether its larger pictures are photographs, which are stored as JPEG.
    """
    drawing = _draw(size, [paint, *below])
    if photographs:
        drawing = _with_jpegs(drawing)
    return Chart(name=name, title=title, alt=alt, size=size, drawing=drawing)


def legend_below(axes: Axes, entries: int, columns: int = 2, handle: float = 2.2) -> None:
    """Put a legend below the chart if there are entries to tell apart; handle: length of a sample line."""
    if entries > 1:
        axes.figure.legend(
            loc="outside lower center",
            ncols=min(entries, columns),
            frameon=False,
            handlelength=handle,
            columnspacing=1.4,
            borderaxespad=0.2,
        )


def _draw(size: tuple[int, int], paints: Sequence[Paint]) -> str:
    with mpl.rc_context():
        mpl.rcdefaults()
        _set_style()
        figure = Figure(figsize=(size[0] / 96, size[1] / 96), layout="constrained")
        FigureCanvasSVG(figure)
        panels = figure.subplots(len(paints), sharex=True, squeeze=False)[:, 0]
        for axes, paint in zip(panels, paints, strict=True):
            axes.set_axisbelow(True)
            paint(axes)
        content = io.BytesIO()
        figure.savefig(content, format="svg", metadata={"Date": None, "Creator": None})
    text = content.getvalue().decode().replace(f"'{LAYOUT_FONT}'", FONTS).replace(" \n", " ")
    return PLACES.sub(lambda place: FINE_DIGITS.sub(r"\1", place[0]), text)


def _with_jpegs(drawing: str) -> str:
    """A drawing with its larger pictures as JPEG, which is a fifth of the size."""

    def smaller(found: re.Match[str]) -> str:
        with Image.open(io.BytesIO(base64.b64decode(found[1]))) as picture:
            if picture.width * picture.height < PHOTOGRAPH_PIXELS:
                return found[0]
            content = io.BytesIO()
            picture.convert("RGB").save(content, "JPEG", quality=PHOTOGRAPH_QUALITY)
        return f'data:image/jpeg;base64,{base64.b64encode(content.getvalue()).decode()}"'

    return PIXELATED.sub("", EMBEDDED.sub(smaller, drawing))


def _set_style() -> None:
    """Set matplotlib's settings, whatever the user's own are."""
    mpl.rc("svg", hashsalt="streid", fonttype="none")
    mpl.rc("image", composite_image=False)
    mpl.rc("font", family=LAYOUT_FONT, size=9.0)
    mpl.rc("text", color=INK, parse_math=False)
    mpl.rc("figure", facecolor=PAPER)
    mpl.rc("axes", facecolor=PAPER, edgecolor=LINE, labelcolor=INK, grid=True)
    mpl.rc("axes.spines", top=False, right=False)
    mpl.rc("grid", color=LINE, linewidth=0.8)
    mpl.rc("lines", linewidth=1.8, solid_capstyle="round")
    mpl.rc("legend", labelcolor=INK)
    mpl.rc("xtick", color=LINE, labelcolor=MUTED, labelsize=8.5)
    mpl.rc("ytick", color=LINE, labelcolor=MUTED, labelsize=8.5)
