"""The device, threads and libraries that a stage computes with: they change only the last bits of a result.

Unfinished work can be resumed with others; the log then says what is different.
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
    """The kind of device, the threads if it is the CPU, the versions of libraries, and `others` by name."""
    computing = {"device": device.type} | ({"threads": threads} if device.type == "cpu" else {})
    return {name: str(value) for name, value in (computing | pixel_versions() | others).items()}


def warn_of_change(before: Circumstances, now: Circumstances) -> None:
    """Log how the circumstances of unfinished work differ from those of this run."""
    changes = [
        f"{name} {now.get(name, 'not set')} instead of {before.get(name, 'not set')}"
        for name in sorted(before.keys() | now.keys())
        if before.get(name) != now.get(name)
    ]
    if changes:
        logger.warning(
            "resuming with %s: the result may differ in its last bits from that of a run that was never stopped",
            ", ".join(changes),
        )
