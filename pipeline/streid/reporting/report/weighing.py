"""How each fusion weighs times against appearance, in words, and the curve that its weight was chosen from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from streid.reporting.figures.charts import Chart
from streid.reporting.figures.weight_curve import plot_weights
from streid.reporting.runs import ModelRun
from streid.reporting.streams import fusion_title
from streid.reporting.wording import MINUS, count, percent, why_default
from streid.scoring.fusion_records import FUSIONS


@dataclass(frozen=True, kw_only=True)
class Weighing:
    """One fusion of one model: its formula, how its weight was chosen, and the mAP over the weight, if known."""

    model: str
    fusion: str
    formula: str
    sentences: Sequence[str]
    curve: Chart | None


def explain_weights(runs: Sequence[ModelRun]) -> list[Weighing]:
    """All fusions of all models."""
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
            "is 0 everywhere and only appearance counts."
        )
    if record.get("same_camera") == "neutral":
        sentences.append(
            "Pairs from one camera are neutral: the protocol ignores right matches there, so lower scores for such "
            "pairs would only make the figures look better."
        )
    if record.get("sessions", 1) > 1:
        near, apart = (f"{record[name]:+.2f}".replace("-", MINUS) for name in ("near", "apart"))
        sentences.append(
            f"For pictures of one session {near} is added to L; for pictures of two sessions L is {apart}."
        )
    if "neutral_pairs" in (audit := run.fusions[fusion].scores["audit"]):
        sentences.append(
            f"Neutral in total: {percent(audit['neutral_pairs'])} % of the pairs compared, because they come from one "
            "camera or their time or camera is not known."
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
        f"{weight}, chosen on {identities} ({queries}): of the weights that are not clearly worse than the best, the "
        f"nearest to the default. Default {selection['default']:.3g}, best there {selection['best']:.3g}."
    )
