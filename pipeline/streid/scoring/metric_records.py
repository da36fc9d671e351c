"""The metrics, one record each.

To add a metric, write its record into METRICS and test it: scores.json, the checks when it is read and the report's
table read the records. A metric is computed from each query's `Outcomes` (ranks.py).

Shape suffix: E evaluated queries.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from streid.scoring.ranks import Outcomes


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One figure of a stream: the mean over the evaluated queries of a value of each.

    title: shown to people. per_query: the values (E,), each from 0 to 1, from the outcomes of the evaluated queries.
    higher_is_better: whether the highest value is the best; else the lowest is.
    """

    title: str
    per_query: "Callable[[Outcomes], npt.NDArray[Any]]"
    higher_is_better: bool = True

    def best(self, values: Iterable[float]) -> float:
        """The best of several values."""
        return max(values) if self.higher_is_better else min(values)


def found_within(rank: int, outcomes: "Outcomes") -> npt.NDArray[np.bool_]:
    """Whether a right match is among the first `rank`."""
    return outcomes.first_Q <= rank


METRICS = {
    "rank1": Metric(title="Rank-1", per_query=partial(found_within, 1)),
    "rank5": Metric(title="Rank-5", per_query=partial(found_within, 5)),
    "rank10": Metric(title="Rank-10", per_query=partial(found_within, 10)),
    # The trapezoid rule: the precision before a right match and at it averaged, 1 before the first rank
    # (Market-1501's script, st-ReID).
    "mAP": Metric(title="mAP", per_query=lambda outcomes: outcomes.ap_Q),
    # The precision at each right match (torchreid, FastReID).
    "mAP_step": Metric(title="mAP (step)", per_query=lambda outcomes: outcomes.ap_step_Q),
    # Right matches / rank of the last (Ye et al., TPAMI 2021).
    "mINP": Metric(title="mINP", per_query=lambda outcomes: outcomes.inp_Q),
}
