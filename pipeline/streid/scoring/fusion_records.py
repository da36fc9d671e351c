"""The fusions. One record describes each: how it is made, checked and shown to people.

To add a fusion, write its record here, put it into FUSIONS, and test it. Everything else reads the records: the
stages' flags, scoring, search, the report and the explorer. Importing this module loads nothing heavy, because every
command line lists the fusions.
"""

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from streid.errors import InputError
from streid.files.json_values import require_mapping, require_number, require_numbers, require_whole, wrong_value

if TYPE_CHECKING:
    from streid.files.histograms import Histograms
    from streid.files.sightings import Sightings
    from streid.scoring.evaluation import Scene
    from streid.scoring.fusion import Fusion

WEIGHT_SOURCES = ("given", "held-out", "default")


@dataclass(frozen=True, kw_only=True, eq=False)
class FusionRequest:
    """What a fusion is made from.

    features: the scene's features.h5, whose group val may hold held-out identities; None where there is no file.
    settings: setting -> its number, None where the fusion is to choose it. seed: draws the pictures for that choice.
    """

    histograms: "Histograms"
    scene: "Scene"
    features: str | os.PathLike[str] | None
    settings: Mapping[str, float | None]
    seed: int


@dataclass(frozen=True, kw_only=True)
class Settled:
    """A fusion's settings, all of them numbers, and what scores.json says about where they come from."""

    settings: Mapping[str, float]
    facts: Mapping[str, Any] = field(default_factory=dict)


def _settle_given(request: FusionRequest) -> Settled:
    """Take the settings as they were given."""
    missing = [name for name, value in request.settings.items() if value is None]
    if missing:
        raise InputError(f"{', '.join(missing)} cannot be chosen automatically; give a number")
    return Settled(settings={name: value for name, value in request.settings.items() if value is not None})


def _check_settings_only(_content: Mapping[str, Any], _where: str) -> None:
    """Accept any record: it holds nothing but the settings, which `check_record` checks."""


@dataclass(frozen=True, kw_only=True)
class FusionRecord:
    """One fusion.

    name: in flags, files and folders. title: shown to people, as in "likelihood fusion". formula: shown to people; s is
        the cosine.
    table: the table of histograms.h5 in which it looks times up, `density` or `likelihood`; empty if it uses no times.
    sign, sign_title, meaning: the value that the times give: its letter in the formula, its name as a table's heading,
        and what it is in words. signed: whether it is shown with a plus or minus.
    settings: the settings of the stages that it uses -> their symbols in the formula.
    make: makes the fusion from its histograms and settings. times_alone: makes the fusion that ranks by times alone,
        to be used with cosines of 0. settle: gives every setting a number.
    check: refuses a record in scores.json that lacks what the fusion writes there beside its settings.
    neutral_share: share of the query x gallery pairs about which the times say nothing; None where it is not defined.
    """

    name: str
    title: str
    formula: str
    table: str
    make: "Callable[[Histograms, Mapping[str, float]], Fusion]"
    times_alone: "Callable[[Histograms], Fusion]"
    sign: str = ""
    sign_title: str = ""
    meaning: str = ""
    signed: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)
    settle: Callable[[FusionRequest], Settled] = _settle_given
    check: Callable[[Mapping[str, Any], str], None] = _check_settings_only
    neutral_share: "Callable[[Sightings, Sightings, Histograms], float] | None" = None

    @property
    def uses_times(self) -> bool:
        """Whether the score depends on times."""
        return bool(self.table)


def _make_logistic(histograms: "Histograms", settings: Mapping[str, float]) -> "Fusion":
    from streid.scoring.fusion import logistic_fusion

    return logistic_fusion(histograms, settings["alpha"])


def _smoothed_histogram(histograms: "Histograms") -> "Fusion":
    from streid.scoring.fusion import temporal_fusion

    return temporal_fusion(histograms)


def _make_likelihood(histograms: "Histograms", settings: Mapping[str, float]) -> "Fusion":
    from streid.scoring.fusion import likelihood_fusion

    return likelihood_fusion(histograms.likelihood, settings["weight"])


def _log_ratio(histograms: "Histograms") -> "Fusion":
    return _make_likelihood(histograms, {"weight": 1.0})


def _settle_weight(request: FusionRequest) -> Settled:
    from streid.scoring.weights import settle_weight

    weight, facts = settle_weight(request)
    return Settled(settings={"weight": weight}, facts=facts)


def _neutral_share(query: "Sightings", gallery: "Sightings", histograms: "Histograms") -> float:
    from streid.scoring.audit import neutral_share

    return neutral_share(query, gallery, histograms.likelihood)


def _check_likelihood(content: Mapping[str, Any], where: str) -> None:
    """Refuse a record without the facts of the fit, or with an impossible choice of the weight."""
    for name in ("identities", "sessions"):
        require_whole(content, name, where)
    for name in ("near", "apart"):
        require_number(content, name, where, low=-math.inf)
    if content.get("weight_source") not in WEIGHT_SOURCES:
        raise wrong_value(where, "weight_source", content.get("weight_source"), f"one of {', '.join(WEIGHT_SOURCES)}")
    if content.get("selection") is None:
        return
    selection, where = require_mapping(content, "selection", where), f"{where}, selection"
    for name in ("identities", "queries"):
        require_whole(selection, name, where)
    for name in ("default", "best"):
        require_number(selection, name, where)
    if content["weight_source"] == "held-out" and not selection.get("weights"):
        raise wrong_value(where, "weights", selection.get("weights"), "the weights tried")
    weights = require_numbers(selection, "weights", where)
    curve = require_numbers(selection, "mAP", where, high=1)
    if len(weights) != len(curve) or min(weights, default=1) <= 0:
        raise InputError(f"{where}: one mAP for each of the positive weights is needed; make it again")
    if sorted(weights) != weights:
        raise wrong_value(where, "weights", weights, "a list in ascending order")


def _make_visual(_histograms: "Histograms", _settings: Mapping[str, float]) -> "Fusion":
    from streid.scoring.fusion import visual_fusion

    return visual_fusion()


_RECORDS = (
    FusionRecord(
        name="logistic",
        title="logistic",
        formula="1 / (1 + exp(\N{MINUS SIGN}\N{GREEK SMALL LETTER ALPHA} s)) \N{MULTIPLICATION SIGN} "
        "1 / (1 + 2 exp(\N{MINUS SIGN}\N{GREEK SMALL LETTER ALPHA} p)): s the cosine of two pictures, p how often "
        "that travel time was counted (st-ReID\N{RIGHT SINGLE QUOTATION MARK}s).",
        table="density",
        sign="p",
        sign_title="histogram",
        meaning="the smoothed histogram\N{RIGHT SINGLE QUOTATION MARK}s value for the time difference",
        settings={"alpha": "\N{GREEK SMALL LETTER ALPHA}"},
        make=_make_logistic,
        times_alone=_smoothed_histogram,
    ),
    FusionRecord(
        name="likelihood",
        title="likelihood",
        formula="s + w L: s the cosine of two pictures, L the log of how much likelier their time difference is "
        "for one person than for two.",
        table="likelihood",
        sign="L",
        sign_title="log ratio",
        meaning="the log ratio of the time difference, same person to different people; above 0 speaks for the same "
        "person",
        signed=True,
        settings={"weight": "w"},
        make=_make_likelihood,
        times_alone=_log_ratio,
        settle=_settle_weight,
        check=_check_likelihood,
        neutral_share=_neutral_share,
    ),
    FusionRecord(
        name="none",
        title="without times",
        formula="s, the cosine of two pictures: times are not used.",
        table="",
        make=_make_visual,
        times_alone=_smoothed_histogram,
    ),
)
FUSIONS = {record.name: record for record in _RECORDS}
DEFAULT_FUSION = _RECORDS[0].name


def known_fusion(name: str) -> FusionRecord:
    """The record of a fusion.

    Raises:
        InputError: there is no such fusion.
    """
    if name not in FUSIONS:
        raise InputError(f"there is no fusion {name!r}; known: {', '.join(FUSIONS)}")
    return FUSIONS[name]


def make_fusion(name: str, request: FusionRequest) -> "Fusion":
    """The fusion called `name`; settings it does not use are ignored.

    Raises:
        InputError: there is no such fusion, a setting is out of range or cannot be chosen, or the group val of the
            features cannot be used: its features are of another length than the scene's, or query or gallery test
            some of its identities.
    """
    record = known_fusion(name)
    own = {setting: request.settings[setting] for setting in record.settings}
    settled = record.settle(replace(request, settings=own))
    fusion = record.make(request.histograms, settled.settings)
    return replace(fusion, parameters={**settled.settings, **settled.facts, **fusion.parameters})


def recorded_fusion(content: Mapping[str, Any], histograms: "Histograms") -> "Fusion":
    """The fusion that a scores.json or reranked.json was made with.

    Raises:
        InputError: the record lacks a number that the fusion needs, or its fusion is unknown.
    """
    name = str(content.get("name"))
    record = known_fusion(name)
    settings = {setting: content.get(setting) for setting in record.settings}
    given: dict[str, float] = {}
    for setting, value in settings.items():
        if not isinstance(value, int | float):
            raise InputError(f"the fusion {name!r} is recorded without its {setting}; score again")
        given[setting] = float(value)
    return record.make(histograms, given)


def check_record(content: Mapping[str, Any], where: str) -> None:
    """Refuse a fusion's record from scores.json that lacks something the fusion writes.

    Raises:
        InputError: something is missing or wrong; `where` says in which file.
    """
    record = FUSIONS.get(str(content.get("name")))
    if record is None:
        raise wrong_value(where, "name", content.get("name"), f"one of {', '.join(FUSIONS)}")
    for setting in record.settings:
        require_number(content, setting, where)
    record.check(content, where)
