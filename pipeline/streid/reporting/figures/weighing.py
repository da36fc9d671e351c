"""How each fusion weighs times against appearance, in words, and the curve its weight was chosen on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, NullLocator

from streid.reporting.figures.charts import Chart, draw_chart
from streid.reporting.palette import SERIES, stream_colour
from streid.reporting.runs import ModelRun
from streid.reporting.streams import JOINT, fusion_title
from streid.reporting.wording import MINUS, count, percent, why_default
from streid.scoring.fusion_records import FUSIONS

SIZE = (420, 250)
DRAWN_TICKS = 5


@dataclass(frozen=True, kw_only=True)
class Weighing:
    """One fusion of one model: its formula, what decided its weight, and the mAP over the weight where known."""

    model: str
    fusion: str
    formula: str
    sentences: Sequence[str]
    curve: Chart | None


def explain_weights(runs: Sequence[ModelRun]) -> list[Weighing]:
    """Every model's every fusion."""
    return [_explain(run, fusion) for run in runs for fusion in run.fusions]


def _explain(run: ModelRun, fusion: str) -> Weighing:
    record = run.fusions[fusion].scores["fusion"]
    symbols = FUSIONS[fusion].settings
    sentences = []
    if "weight_source" in record:
        sentences.append(describe_weight(record))
    elif symbols:
        given = ", ".join(f"{symbol} = {record[setting]:g}" for setting, symbol in symbols.items())
        sentences.append(f"{given}; there is no weight to choose.")
    if record.get("neutral") == 1:
        sentences.append(
            "Too few people, or no two different ones, were seen by two cameras within one session of training, so L "
            "is 0 everywhere: appearance decides."
        )
    if record.get("same_camera") == "neutral":
        sentences.append(
            "Pairs of one camera are neutral: the protocol ignores right matches there, so marking them down would "
            "flatter the figures."
        )
    if record.get("sessions", 1) > 1:
        near, apart = (f"{record[name]:+.2f}".replace("-", MINUS) for name in ("near", "apart"))
        sentences.append(f"Seen in one session adds {near} to L; for pictures of two sessions L is {apart}.")
    if "neutral_pairs" in (audit := run.fusions[fusion].scores["audit"]):
        sentences.append(
            f"Neutral in all: {percent(audit['neutral_pairs'])} % of the pairs compared, of one camera or where time "
            "or camera is not known."
        )
    return Weighing(
        model=run.name,
        fusion=fusion_title(fusion),
        formula=FUSIONS[fusion].formula,
        sentences=sentences,
        curve=plot_weights(run.name, fusion, record),
    )


def describe_weight(record: Mapping[str, Any]) -> str:
    """Where the weight comes from."""
    weight = f"w = {record['weight']:.3g}"
    if record["weight_source"] == "given":
        return f"{weight}, as given in the configuration."
    if record["weight_source"] == "default":
        return f"{weight}, the default (0.4 times the standard deviation of the cosine): {why_default(record)}."
    selection = record["selection"]
    identities = count(selection["identities"], "held-out identity", "held-out identities")
    queries = count(selection["queries"], "query", "queries")
    return (
        f"{weight}, chosen on {identities} ({queries}): of the weights whose mAP there cannot be told from the best, "
        f"the nearest to the default. Default {selection['default']:.3g}, best there {selection['best']:.3g}."
    )


def plot_weights(model: str, fusion: str, record: Mapping[str, Any]) -> Chart | None:
    """mAP on the held-out identities over the weight, with the chosen, default and best weight; None if not tried."""
    selection = record.get("selection")
    if not selection or not selection["weights"]:
        return None
    weights_X, curve_X = np.array(selection["weights"], float), 100 * np.array(selection["mAP"], float)
    marked = {"best here": selection["best"], "default": selection["default"], "chosen": record["weight"]}
    points = {
        name: (weight, float(np.interp(np.log(weight), np.log(weights_X), curve_X)))
        for name, weight in marked.items()
        if weight > 0
    }

    def paint(axes: Axes) -> None:
        axes.plot(weights_X, curve_X, color=stream_colour(JOINT))
        _mark_weights(axes, points)
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(FixedLocator(np.geomspace(weights_X[0], weights_X[-1], DRAWN_TICKS).tolist()))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda weight, _: f"{weight:.2g}"))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.margins(y=0.15)
        axes.set_xlabel("weight w")
        axes.set_ylabel("mAP on held-out identities, %")
        spacing: dict[str, Any] = {"handlelength": 1, "columnspacing": 1, "frameon": False}
        axes.legend(loc="upper center", bbox_to_anchor=(0.45, -0.2), ncols=len(points), **spacing)

    told = ", ".join(f"{name} {weight:.3g} with {height:.1f} %" for name, (weight, height) in points.items())
    return draw_chart(
        name=f"weight_{model}_{fusion}",
        title=f"mAP over the weight, {model}",
        alt=f"mAP on {selection['identities']} held-out identities for weights from {weights_X[0]:.2g} to "
        f"{weights_X[-1]:.2g}, between {percent(curve_X.min() / 100)} and {percent(curve_X.max() / 100)} %: {told}.",
        size=SIZE,
        paint=paint,
    )


def _mark_weights(axes: Axes, points: Mapping[str, tuple[float, float]]) -> None:
    """Mark the best and the default weight by open shapes, the chosen one by a dot: all show where they meet."""
    colour = stream_colour(JOINT)
    looks = {
        "best here": ("o", 11.0, "none", SERIES[1]),
        "default": ("D", 8.0, "none", SERIES[0]),
        "chosen": ("o", 5.5, colour, colour),
    }
    for name, (weight, height) in points.items():
        mark, size, face, edge = looks[name]
        axes.plot(
            weight,
            height,
            mark,
            markersize=size,
            markerfacecolor=face,
            markeredgecolor=edge,
            linestyle="none",
            label=f"{name}: {weight:.3g}",
        )
