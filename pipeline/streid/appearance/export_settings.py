"""Settings of exporting a model."""

from typing import Literal

from streid.stage.settings import Section


class ExportSettings(Section):
    """A trained model as an ONNX file for other programs (docs/export.md)."""

    size: Literal["network", "any"] = "network"
    """of the pictures that the file takes: network (its own input size), or any (it resizes them itself)"""
