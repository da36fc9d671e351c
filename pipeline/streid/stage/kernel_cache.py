"""Compiled functions that numba caches on disk or, if it cannot write there, compiles again in each run."""

import logging
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar, cast

import numba

logger = logging.getLogger(__name__)
Function = TypeVar("Function", bound=Callable[..., Any])


def compiled_once(**options: Any) -> Callable[[Function], Function]:
    """numba.njit with its cache on disk; if no folder for the cache can be written, without it and with a warning.

    numba looks for such a folder when a function is defined: NUMBA_CACHE_DIR, beside the code, the user's cache.

    Args:
        options: numba.njit's, except `cache`.
    """

    def compile_function(function: Function) -> Function:
        try:
            return cast(Function, numba.njit(cache=True, **options)(function))
        except RuntimeError as error:
            if "no locator available" not in str(error):
                raise
            _warn_of_missing_cache()
            return cast(Function, numba.njit(**options)(function))

    return compile_function


@cache
def _warn_of_missing_cache() -> None:
    logger.warning(
        "neither the code's folder nor a home folder is writable, so numba's functions are compiled again in every "
        "run, which takes up to a minute; set NUMBA_CACHE_DIR to a writable folder"
    )
