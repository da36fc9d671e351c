"""Prepare a data set: write its manifest.csv and dataset.json.

Reads the file names and lists (or the user's own manifest), decodes every picture once, compares the counts
with the official ones and groups pictures into tracklets. On request it holds identities out of training
and packs all pictures into one file.
"""

import argparse
from pathlib import Path

from streid.data.layouts import FORMATS
from streid.data.prepare_settings import PrepareSettings
from streid.stage.cli import add_compute_arguments, run_stage, set_threads
from streid.stage.setting_flags import add_settings, read_settings


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
    add_settings(parser, PrepareSettings)
    add_compute_arguments(parser, device=False)
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    set_threads(arguments.threads)
    from streid.data.manifest import DIGEST_KEY, write_manifest
    from streid.data.preparation import prepare_dataset
    from streid.errors import InputError
    from streid.files.atomic import atomic_outputs, check_targets
    from streid.files.checksums import digest_file
    from streid.files.json_files import json_text_with_checksum
    from streid.files.picture_pack import write_empty_pack

    settings = read_settings(arguments, PrepareSettings)
    if settings.pack and not arguments.pictures:
        raise InputError("--pack true needs --pictures, the file to copy the pictures into")
    outputs = [arguments.manifest, arguments.summary, *([arguments.pictures] if arguments.pictures else [])]
    check_targets(outputs, (arguments.source_manifest,))
    with atomic_outputs(*outputs) as (manifest_file, summary_file, *pictures_file):
        table, summary = prepare_dataset(
            dataset=arguments.dataset,
            source_format=arguments.format,
            root=arguments.root,
            source_manifest=arguments.source_manifest,
            settings=settings,
            threads=arguments.threads,
            pack=pictures_file[0] if settings.pack else None,
        )
        if pictures_file and not settings.pack:
            write_empty_pack(pictures_file[0])
        write_manifest(manifest_file, table)
        content = {**summary, DIGEST_KEY: digest_file(manifest_file)}
        summary_file.write_text(json_text_with_checksum(content, arguments.summary), encoding="utf-8")


if __name__ == "__main__":
    run_stage(main)
