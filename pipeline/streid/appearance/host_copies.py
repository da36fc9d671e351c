"""Values on their way from the device to the host, so that the host need not wait for the device."""

import torch


class Transfer:
    """A device tensor's values, copied to the host behind what the device does at the time."""

    def __init__(self, values: torch.Tensor) -> None:
        self._values = values.detach().to("cpu", non_blocking=True)
        self._copied = torch.cuda.Event() if values.is_cuda else None  # type: ignore[no-untyped-call]
        if self._copied is not None:
            self._copied.record()

    def wait(self) -> torch.Tensor:
        """The values, once they are there."""
        if self._copied is not None:
            self._copied.synchronize()
        return self._values
