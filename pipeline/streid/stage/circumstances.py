"""Where and with what a stage computes: this changes the last bits of a result, and no more.

Unfinished work can be resumed under other circumstances; the log then says what is different.
"""

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

from streid.stage.fingerprints import pixel_versions

if TYPE_CHECKING:
    import torch

logger = logging.getLogger(__name__)

Circumstances = Mapping[str, str]


def describe_circumstances(device: "torch.device", threads: int, **others: object) -> Circumstances:
    """The kind of device, on the CPU the threads, the libraries' versions, and other things by name."""
    computing = {"device": device.type} | ({"threads": threads} if device.type == "cpu" else {})
    return {name: str(value) for name, value in (computing | pixel_versions() | others).items()}


def warn_of_change(before: Circumstances, now: Circumstances) -> None:
    """Say in the log in what the circumstances of unfinished work differ from those of the present run."""
    changes = [
        f"{name} {now.get(name, 'not set')} instead of {before.get(name, 'not set')}"
        for name in sorted(before.keys() | now.keys())
        if before.get(name) != now.get(name)
    ]
    if changes:
        logger.warning(
            "resuming with %s: the result may differ in its last bits from that of an undisturbed run",
            ", ".join(changes),
        )
