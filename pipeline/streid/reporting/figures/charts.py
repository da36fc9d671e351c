"""Charts as SVG, once for light and once for dark paper, the same bytes for the same data.

Colours tell streams apart for colour-blind readers too (after Okabe and Ito, and Tol), and line styles
back them up. Text stays text, in the reader's own system font.
"""

import base64
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from PIL import Image

from streid.reporting.streams import STREAM_TITLES, stream_kind

LAYOUT_FONT = "DejaVu Sans"
READER_FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif"
PATH_DATA, FINE_DIGITS = re.compile(r' d="[^"]*"'), re.compile(r"(\.\d\d)\d+")  # a hundredth of a point is enough
COLOUR = re.compile(r"(?<=: )#[0-9a-f]{6}\b")
LINE_STYLES = ("-", "--", "-.", ":")
WIDE, NARROW = (420, 270), (350, 230)


@dataclass(frozen=True, kw_only=True)
class Theme:
    """The colours of a chart. series: for lines without a stream; streams: each kind of stream's own."""

    paper: str
    ink: str
    muted: str
    grid: str
    series: tuple[str, ...]
    streams: Mapping[str, str] = field(default_factory=dict)

    def stream(self, key: str) -> str:
        """The colour of a stream, whatever its fusion; streams without one of their own share the muted ink."""
        return self.streams.get(stream_kind(key), self.muted)


LIGHT = Theme(
    paper="#ffffff",
    ink="#1b2127",
    muted="#5d6873",
    grid="#e4e8ec",
    series=("#0072b2", "#c4570a", "#00835f", "#a23b8c", "#6b5b00", "#4d5560"),
    streams=dict(zip(STREAM_TITLES, ("#0072b2", "#7a8590", "#00835f", "#a23b8c"), strict=True)),
)
DARK = Theme(
    paper="#1b2127",
    ink="#e7ebef",
    muted="#9da8b3",
    grid="#323a43",
    series=("#56b4e9", "#f0a057", "#3ecf9f", "#e58fc9", "#d8c95a", "#c5ccd4"),
    streams=dict(zip(STREAM_TITLES, ("#56b4e9", "#9da8b3", "#3ecf9f", "#e58fc9"), strict=True)),
)

# Where an SVG holds a picture; pixels are to be smoothed in a photograph.
EMBEDDED = re.compile(r'data:image/png;base64,\s*([A-Za-z0-9+/=\s]+)"')
PIXELATED = re.compile(r' style="image-rendering:[^"]*"')
PHOTOGRAPH_PIXELS, PHOTOGRAPH_QUALITY = 2048, 80

Paint = Callable[[Axes, Theme], None]


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A drawn chart.

    name: its file name without ending. title: what stands above it. alt: what it shows, in words, for
    those who cannot see it. size: width and height in CSS pixels. light, dark: SVG files.
    """

    name: str
    title: str
    alt: str
    size: tuple[int, int]
    light: bytes
    dark: bytes

    @property
    def light_uri(self) -> str:
        """The chart for light paper as a data URI."""
        return _svg_uri(self.light)

    @property
    def dark_uri(self) -> str:
        """The chart for dark paper as a data URI."""
        return _svg_uri(self.dark)


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
    """Draw a chart in both themes.

    Args:
        size: width and height in CSS pixels (1/96 inch).
        paint: draws the data into the axes, in a theme's colours.
        below: each draws into further axes of the same height under the first, all with one x axis.
        photographs: its larger pictures are photographs, so they are kept as JPEG.
    """
    light = _draw(size, [paint, *below], LIGHT)
    dark = _recoloured(light) or _draw(size, [paint, *below], DARK)
    if photographs:
        light, dark = _with_jpegs(light), _with_jpegs(dark)
    return Chart(name=name, title=title, alt=alt, size=size, light=light, dark=dark)


def style_of(number: int, theme: Theme) -> tuple[str, str]:
    """Colour and line style of the series with this number (from 0); no two of the first 24 are alike."""
    return theme.series[number % len(theme.series)], LINE_STYLES[number // len(theme.series) % len(LINE_STYLES)]


def legend_below(axes: Axes, entries: int, columns: int = 2) -> None:
    """Put a legend below the axes when there is more than one entry to tell apart."""
    if entries > 1:
        axes.legend(
            loc="upper center",
            bbox_to_anchor=(0.5, -0.2),
            ncols=min(entries, columns),
            frameon=False,
            handlelength=2.2,
            columnspacing=1.4,
            borderaxespad=0.2,
        )


def _draw(size: tuple[int, int], paints: Sequence[Paint], theme: Theme) -> bytes:
    with mpl.rc_context():
        mpl.rcdefaults()
        _set_style(theme)
        figure = Figure(figsize=(size[0] / 96, size[1] / 96), layout="constrained")
        FigureCanvasSVG(figure)
        panels = figure.subplots(len(paints), sharex=True, squeeze=False)[:, 0]
        for axes, paint in zip(panels, paints, strict=True):
            axes.set_axisbelow(True)
            paint(axes, theme)
        content = io.BytesIO()
        figure.savefig(content, format="svg", metadata={"Date": None, "Creator": None})
    text = content.getvalue().decode().replace(f"'{LAYOUT_FONT}'", READER_FONTS)
    return PATH_DATA.sub(lambda path: FINE_DIGITS.sub(r"\1", path[0]), text).encode()


def _with_jpegs(chart: bytes) -> bytes:
    """A chart whose larger pictures are JPEG, a fifth of their size."""

    def smaller(found: re.Match[str]) -> str:
        with Image.open(io.BytesIO(base64.b64decode(found[1]))) as picture:
            if picture.width * picture.height < PHOTOGRAPH_PIXELS:
                return found[0]
            content = io.BytesIO()
            picture.convert("RGB").save(content, "JPEG", quality=PHOTOGRAPH_QUALITY)
        return f'data:image/jpeg;base64,{base64.b64encode(content.getvalue()).decode()}"'

    return PIXELATED.sub("", EMBEDDED.sub(smaller, chart.decode())).encode()


def _recoloured(light: bytes) -> bytes | None:
    """A chart in the dark theme's colours without drawing it again; None if it has others than the light theme's."""
    text, darker = light.decode(), dict(zip(_colours(LIGHT), _colours(DARK), strict=True))
    if "<image" in text or not darker.keys() >= set(COLOUR.findall(text)):
        return None
    return COLOUR.sub(lambda colour: darker[colour[0]], text).encode()


def _colours(theme: Theme) -> list[str]:
    return [theme.paper, theme.ink, theme.muted, theme.grid, *theme.series, *theme.streams.values()]


def _set_style(theme: Theme) -> None:
    """Set matplotlib's settings for a theme, whatever the user's own are."""
    mpl.rc("svg", hashsalt="streid", fonttype="none")
    mpl.rc("image", composite_image=False)
    mpl.rc("font", family=LAYOUT_FONT, size=9.0)
    mpl.rc("text", color=theme.ink, parse_math=False)
    mpl.rc("figure", facecolor=theme.paper)
    mpl.rc("axes", facecolor=theme.paper, edgecolor=theme.grid, labelcolor=theme.ink, grid=True)
    mpl.rc("axes.spines", top=False, right=False)
    mpl.rc("grid", color=theme.grid, linewidth=0.8)
    mpl.rc("lines", linewidth=1.8, solid_capstyle="round")
    mpl.rc("legend", labelcolor=theme.ink)
    mpl.rc("xtick", color=theme.grid, labelcolor=theme.muted, labelsize=8.5)
    mpl.rc("ytick", color=theme.grid, labelcolor=theme.muted, labelsize=8.5)


def _svg_uri(content: bytes) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(content).decode()}"
