"""The forms of the report's command-line flags."""

import argparse
import re
from pathlib import Path

from streid.errors import InputError
from streid.scoring.fusion_records import FUSIONS

MODEL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9@._+-]*")


def named_folder(text: str) -> tuple[str, Path]:
    """`NAME=DIR`, as an argparse type."""
    name, equals, folder = text.partition("=")
    if not equals or not folder or not MODEL_NAME.fullmatch(name):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not NAME=DIR with a name of letters, digits and @._+- that starts with a letter or digit"
        )
    return name, Path(folder)


def named_source(text: str) -> tuple[str, str]:
    """`NAME=SOURCE`, as an argparse type."""
    name, equals, source = text.partition("=")
    if not equals or not name or not source:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=SOURCE")
    return name, source


def model_fusions(text: str) -> tuple[str, list[str]]:
    """`NAME=FUSION,FUSION`, as an argparse type."""
    name, equals, listed = text.partition("=")
    fusions = listed.split(",")
    if not equals or not set(fusions) <= set(FUSIONS) or len(set(fusions)) < len(fusions):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=FUSION,... with fusions of {', '.join(FUSIONS)}")
    return name, fusions


def check_names(arguments: argparse.Namespace) -> None:
    """Refuse models and fusions that are named twice, and flags about models that are not there.

    Raises:
        InputError: such a flag is given; the message names it.
    """
    models = [name for name, _ in arguments.model]
    if len(set(models)) < len(models):
        raise InputError(f"--model: a name is given twice ({', '.join(sorted(models))}); each model needs its own")
    if len(set(arguments.fusion)) < len(arguments.fusion):
        raise InputError(f"--fusion: a fusion is given twice ({', '.join(arguments.fusion)}); name each once")
    for key in ("model_fusion", "foreign_histograms", "model_histograms", "trained_on"):
        unknown = sorted({name for name, _ in getattr(arguments, key, [])} - set(models))
        if unknown:
            raise InputError(f"--{key.replace('_', '-')}: no --model is called {', '.join(unknown)}")
