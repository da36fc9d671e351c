"""fastreid.config.get_cfg: what is set and asked of a configuration."""

from types import SimpleNamespace


class Configuration:
    def __init__(self) -> None:
        self.MODEL = SimpleNamespace(WEIGHTS="")
        self.INPUT = SimpleNamespace(SIZE_TEST=[256, 128])
        self.file = ""

    def merge_from_file(self, file: str) -> None:
        self.file = file


def get_cfg() -> Configuration:
    return Configuration()
