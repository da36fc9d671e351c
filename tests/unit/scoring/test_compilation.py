"""How kernels are compiled: the same results as Python's, IEEE division, and other threads may go on meanwhile."""

import numba
import numpy as np

from streid.scoring.compilation import compiled


@compiled()
def _divide(value: float, by: float) -> float:
    return value / by


@compiled(parallel=True)
def _squares(values: np.ndarray) -> np.ndarray:
    found = np.empty_like(values)
    for place in numba.prange(len(values)):
        found[place] = values[place] ** 2
    return found


def test_division_by_zero_is_infinite_not_an_error() -> None:
    assert _divide(1.0, 0.0) == np.inf
    assert np.isnan(_divide(0.0, 0.0))
    assert _divide(1.0, 4.0) == 0.25


def test_a_loop_in_parallel_gives_what_python_gives() -> None:
    values = np.arange(1000, dtype=np.float32)
    np.testing.assert_array_equal(_squares(values), values**2)
