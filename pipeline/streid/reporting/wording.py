"""How the report puts numbers into words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from streid.files.sightings import UNKNOWN_TIME, Sightings

SECONDS_PER_MINUTE, SECONDS_PER_HOUR, SECONDS_PER_DAY = 60, 3600, 86400
# A span is given in the largest of these units of which it has at least two.
UNITS = {"d": SECONDS_PER_DAY, "h": SECONDS_PER_HOUR, "min": SECONDS_PER_MINUTE}
FINEST_DIGITS = 3
WHOLE_FROM = 10
MINUS = "\N{MINUS SIGN}"


def percent(fraction: float) -> str:
    """0.9312 -> '93.1'."""
    return f"{100 * fraction:.1f}"


def percent_sign(fraction: float) -> str:
    """0.9312 -> '93.1 %', with a space that does not break."""
    return f"{percent(fraction)}\N{NO-BREAK SPACE}%"


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
        """The divisor for times and the resulting unit that suit a span of time."""
        if self.per_second <= 0:
            return 1.0, self.unit
        seconds = abs(span) / self.per_second
        for unit, length in UNITS.items():
            if seconds >= 2 * length:
                return self.per_second * length, unit
        return self.per_second, "s"

    def gap(self, difference: int) -> str:
        """A signed time difference: '+42 s', '\N{MINUS SIGN}3.4 min', or '+1,050' in the data set's unit.

        Below 10 of its unit it has one decimal, if the clock is fine enough.
        """
        divisor, _ = self.scale(difference)
        whole = difference == 0 or abs(difference) >= WHOLE_FROM * divisor or divisor <= 1
        return self._signed(difference, difference, 0 if whole else 1)

    def gaps(self, differences: Sequence[int]) -> list[str]:
        """Several time differences in one unit, with as many decimals as needed to distinguish them (at most three)."""
        longest = max(differences, key=abs, default=0)
        for digits in range(FINEST_DIGITS + 1):
            texts = [self._signed(difference, longest, digits) for difference in differences]
            if len(set(texts)) == len(set(differences)):
                break
        return texts

    def _signed(self, difference: int, longest: int, digits: int) -> str:
        """A time difference in the unit that suits `longest`."""
        divisor, unit = self.scale(longest)
        if self.per_second <= 0:
            return f"{difference:+,}".replace("-", MINUS)
        return f"{difference / divisor:+,.{digits}f} {unit}".replace("-", MINUS)

    def between(self, query: Sightings, row: int, gallery: Sightings, found: int) -> str:
        """How much later than a query's picture a gallery picture was taken, in words."""
        times = int(query.time_N[row]), int(gallery.time_N[found])
        if UNKNOWN_TIME in times:
            return "no time"
        if query.session_N[row] != gallery.session_N[found]:
            return "other session"
        return self.gap(times[1] - times[0])


def why_default(fusion: Mapping[str, Any]) -> str:
    """Why a fusion's weight is the default: the reason in its record, or that nobody was held out."""
    selection = fusion.get("selection")
    if not selection:
        return "no held-out identities to choose the weight on"
    return str(selection.get("reason") or "too few held-out identities to choose the weight on")
