"""Copying values from the device to the host without waiting for the device."""

import torch


class HostCopy:
    """A copy on the host of a device tensor's values. The device makes it after the work it has been given so far."""

    def __init__(self, values: torch.Tensor) -> None:
        self._values = values.detach().to("cpu", non_blocking=True)
        self._copied = torch.cuda.Event() if values.is_cuda else None  # type: ignore[no-untyped-call]
        if self._copied is not None:
            self._copied.record()

    def wait(self) -> torch.Tensor:
        """The values; waits until they are copied."""
        if self._copied is not None:
            self._copied.synchronize()
        return self._values
