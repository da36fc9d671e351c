"""Settings of travel times between cameras."""

from typing import Annotated

from annotated_types import Ge, Le

from streid.stage.settings import READ, Count, Section, Seed

LEAST_SETTING, MOST_BIN_WIDTH, MOST_SIGMA = 1e-6, 1e15, 1e6


class HistogramSettings(Section):
    """Travel times between cameras."""

    bin_width: Annotated[float, Ge(LEAST_SETTING), Le(MOST_BIN_WIDTH), READ] = 100.0
    """width of a bin, in the data set's time unit (frames for Market-1501)"""
    max_bins: Count = 5000
    """the most bins; there are fewer if the data need fewer"""
    sigma: Annotated[float, Ge(LEAST_SETTING), Le(MOST_SIGMA), READ] = 50.0
    """standard deviation of the Gaussian window, in bins"""
    seed: Seed = 0
    """random seed for the folds of identities that choose the likelihood's smoothing"""
