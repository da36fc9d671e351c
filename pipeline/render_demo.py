"""Render a data set of people walking past six cameras, in the form of Market-1501.

It renders either an invented small world, with people who walk between the cameras (and part masks), or one picture
for each name in lists of Market-1501 file names, to try everything at real size without the real pictures.
"""

import argparse
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from streid.data.rendered.render_settings import RenderSettings
from streid.stage.cli import positive_int, run_stage, set_threads
from streid.stage.setting_flags import add_settings, read_settings


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True, help="folder to write; an earlier rendering is replaced")
    parser.add_argument(
        "--names-from",
        type=Path,
        metavar="DIR",
        help="draw the names listed in bounding_box_train.txt, bounding_box_test.txt and query.txt of this folder",
    )
    add_settings(parser, RenderSettings)
    parser.add_argument(
        "--masks",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="write part masks for attention models (default: only for the invented world)",
    )
    parser.add_argument(
        "--workers",
        type=positive_int,
        default=os.cpu_count() or 1,
        help="processes that draw (default: one per CPU core, %(default)s)",
    )
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    set_threads(1)
    from streid.data.market1501 import SEQUENCES_FILE
    from streid.data.rendered.drawing import Difficulty
    from streid.data.rendered.tree import MARKER_FILE, check_output, name_world, plan_drawings, read_names, write_tree
    from streid.data.rendered.world import plan_world, sequence_lengths

    settings = read_settings(arguments, RenderSettings)
    check_output(arguments.output)
    difficulty = Difficulty()
    documents: dict[str, dict[str, Any]] = {}
    parameters: dict[str, Any] = {"seed": settings.seed, "difficulty": asdict(difficulty)}
    if arguments.names_from is None:
        names = name_world(plan_world(settings))
        documents[SEQUENCES_FILE] = sequence_lengths()
        parameters["world"] = settings.model_dump(exclude={"seed"})
    else:
        names = read_names(arguments.names_from)
    masks = arguments.names_from is None if arguments.masks is None else arguments.masks
    counts = {folder: len(listed) for folder, listed in names.items()}
    documents[MARKER_FILE] = {
        "format": "streid-rendered", "version": 1, "parameters": parameters, "masks": masks, "pictures": counts,
    }  # fmt: skip
    write_tree(
        arguments.output,
        plan_drawings(names, seed=settings.seed, shared_clothes=difficulty.shared_clothes),
        seed=settings.seed,
        difficulty=difficulty,
        masks=masks,
        workers=arguments.workers,
        documents=documents,
    )
    print(f"{arguments.output}: " + ", ".join(f"{count} {folder}" for folder, count in counts.items()))


if __name__ == "__main__":
    run_stage(main)
