"""Settings of preparing a data set."""

from typing import Annotated, Literal

from annotated_types import Ge, Le

from streid.stage.settings import EXACT, READ, Section, Seed, Truth, Whole

Gap = Annotated[int, Ge(0), Le(EXACT - 1), READ]


class PrepareSettings(Section):
    """Reading a data set and writing its manifest."""

    holdout_identities: Whole = 0
    """training identities to hold out as split val, to validate and to choose the likelihood's weight"""
    unreadable: Literal["refuse", "skip"] = "refuse"
    """pictures that cannot be read: refuse (stop), or skip (leave out and list)"""
    validation_list: Literal["train", "val"] = "train"
    """MSMT17's list_val.txt: train on it too (as TransReID), or val (keep it as split val, as torchreid)"""
    pass_gap: Gap = 500
    """a longer time without a picture ends a tracklet (image sets), in the set's time unit; 0: no limit"""
    pack: Truth = False
    """also copy all pictures into one file and read them from there (for shared file systems)"""
    seed: Seed = 0
    """random seed for the choice of held-out identities"""
