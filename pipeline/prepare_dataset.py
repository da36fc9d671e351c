"""Prepare a data set: write its manifest.csv and dataset.json.

Reads the file names and lists (or the user's own manifest), decodes every picture once, compares the counts
with the official ones and groups pictures into tracklets. On request it holds identities out of training
and packs all pictures into one file.
"""

import argparse
from pathlib import Path

from streid.data.layouts import FORMATS
from streid.stage.cli import add_compute_arguments, non_negative_int, run_stage, seed_number, set_threads, truth


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", required=True, help="the data set's name in results and reports")
    parser.add_argument(
        "--format", required=True, help=f"how the data set is laid out: {', '.join(FORMATS)} (a CSV of your own)"
    )
    parser.add_argument("--root", required=True, type=Path, help="the data set's folder")
    parser.add_argument("--source-manifest", type=Path, help="your own manifest (format manifest only)")
    parser.add_argument("--manifest", required=True, type=Path, help="manifest.csv to write")
    parser.add_argument("--summary", required=True, type=Path, help="dataset.json to write")
    parser.add_argument("--pictures", type=Path, help="pictures.h5 to write; with --pack true it holds all pictures")
    parser.add_argument("--pack", type=truth, default=False, help="copy all picture files into --pictures")
    parser.add_argument(
        "--holdout-identities",
        type=non_negative_int,
        default=0,
        help="training identities to hold out as split val (default: 0)",
    )
    parser.add_argument(
        "--unreadable",
        choices=("refuse", "skip"),
        default="refuse",
        help="what to do with pictures that cannot be read: stop, or leave them out and list them (default: refuse)",
    )
    parser.add_argument(
        "--pass-gap",
        type=non_negative_int,
        default=500,
        help="a longer time without a picture ends a tracklet, in the data set's time unit; 0: one tracklet per "
        "identity, camera and session; data sets that have tracklets keep them (default: 500)",
    )
    parser.add_argument(
        "--validation-list",
        choices=("train", "val"),
        default="train",
        help="MSMT17: train on the pictures of list_val.txt, or keep them as split val (default: train)",
    )
    parser.add_argument("--seed", type=seed_number, default=0, help="of the choice of held-out identities (default: 0)")
    add_compute_arguments(parser, device=False)
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    set_threads(arguments.threads)
    from streid.data.manifest import DIGEST_KEY, write_manifest
    from streid.data.preparation import PreparationConfig, prepare_dataset
    from streid.errors import InputError
    from streid.files.atomic import atomic_outputs, check_targets
    from streid.files.checksums import digest_file
    from streid.files.json_files import json_text_with_checksum
    from streid.files.picture_pack import write_empty_pack

    if arguments.pack and not arguments.pictures:
        raise InputError("--pack true needs --pictures, the file to copy the pictures into")
    outputs = [arguments.manifest, arguments.summary, *([arguments.pictures] if arguments.pictures else [])]
    check_targets(outputs, (arguments.source_manifest,))
    with atomic_outputs(*outputs) as (manifest_file, summary_file, *pictures_file):
        table, summary = prepare_dataset(
            dataset=arguments.dataset,
            source_format=arguments.format,
            root=arguments.root,
            source_manifest=arguments.source_manifest,
            config=PreparationConfig(
                holdout_identities=arguments.holdout_identities,
                unreadable=arguments.unreadable,
                pass_gap=arguments.pass_gap,
                validation_list=arguments.validation_list,
                seed=arguments.seed,
            ),
            threads=arguments.threads,
            pack=pictures_file[0] if arguments.pack else None,
        )
        if pictures_file and not arguments.pack:
            write_empty_pack(pictures_file[0])
        write_manifest(manifest_file, table)
        content = {**summary, DIGEST_KEY: digest_file(manifest_file)}
        summary_file.write_text(json_text_with_checksum(content, arguments.summary), encoding="utf-8")


if __name__ == "__main__":
    run_stage(main)
