"""Settings of the report, and of how it and the explorer read times."""

from typing import Annotated

from streid.stage.settings import Amount, Section, Seed, Text, Whole

Unit = Annotated[str, Text("a unit of at most 40 letters and spaces", "[A-Za-z][A-Za-z ]*", longest=40)]


class ReportSettings(Section):
    """The report."""

    queries: Whole = 8
    """ranked lists to show, and as many of the hardest queries"""
    time_unit: Unit = "frames"
    """name of the unit of the data set's times"""
    units_per_second: Amount = 25.0
    """time units per second; 0: not known, times are shown as they are"""
    seed: Seed = 0
    """random seed for the choice of sample pictures"""
