"""How the report puts numbers into words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SECONDS_PER_MINUTE, SECONDS_PER_HOUR = 60, 3600
MINUTES_FROM = 2 * SECONDS_PER_MINUTE
HOURS_FROM = 2 * SECONDS_PER_HOUR
WHOLE_FROM = 10
MINUS = "\N{MINUS SIGN}"


def percent(fraction: float) -> str:
    """0.9312 -> '93.1'."""
    return f"{100 * fraction:.1f}"


def points(difference: float) -> str:
    """A difference of two fractions in percentage points: 0.021 -> '+2.1'."""
    return f"{100 * difference:+.1f}".replace("-", MINUS)


def count(number: int, singular: str, plural: str | None = None) -> str:
    """'1 query', '3,368 queries'."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def duration(seconds: float) -> str:
    """'4.2 s', '3 min 12 s', '5 h 07 min'."""
    if seconds < SECONDS_PER_MINUTE:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < SECONDS_PER_HOUR:
        return f"{whole // SECONDS_PER_MINUTE} min {whole % SECONDS_PER_MINUTE:02d} s"
    return f"{whole // SECONDS_PER_HOUR} h {whole % SECONDS_PER_HOUR // SECONDS_PER_MINUTE:02d} min"


def memory(megabytes: float) -> str:
    """'512 MB', '2.1 GB'."""
    return f"{megabytes:.0f} MB" if megabytes < 1000 else f"{megabytes / 1024:.1f} GB"


@dataclass(frozen=True, kw_only=True)
class Clock:
    """How to read the data set's times.

    per_second: units in a second, 0 where that is not known. unit: the unit's name, plural.
    """

    per_second: float
    unit: str

    def scale(self, span: float) -> tuple[float, str]:
        """What to divide times by, and the resulting unit, so that a span of time reads well."""
        if self.per_second <= 0:
            return 1.0, self.unit
        seconds = abs(span) / self.per_second
        if seconds >= HOURS_FROM:
            return self.per_second * SECONDS_PER_HOUR, "h"
        if seconds >= MINUTES_FROM:
            return self.per_second * SECONDS_PER_MINUTE, "min"
        return self.per_second, "s"

    def gap(self, difference: int) -> str:
        """A signed time difference: '+42 s', '\N{MINUS SIGN}3.4 min', or '+1,050' in the data set's unit."""
        divisor, unit = self.scale(difference)
        if self.per_second <= 0:
            return f"{difference:+,}".replace("-", MINUS)
        digits = 0 if unit == "s" or abs(difference) >= WHOLE_FROM * divisor else 1
        return f"{difference / divisor:+,.{digits}f} {unit}".replace("-", MINUS)


def why_default(fusion: Mapping[str, Any]) -> str:
    """Why a fusion's weight is the default: what its record says, or that nobody was held out."""
    selection = fusion.get("selection")
    if not selection:
        return "no held-out identities to choose the weight on"
    return str(selection.get("reason") or "too few held-out identities to choose the weight on")
