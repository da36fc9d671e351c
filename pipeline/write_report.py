"""Write the report: report.json, one self-contained HTML page, and every figure as a file."""

import argparse
from pathlib import Path

from streid.reporting.report.report_arguments import check_names, model_fusions, named_folder, named_source
from streid.reporting.report.report_settings import ReportSettings
from streid.scoring.fusion_records import DEFAULT_FUSION, FUSIONS
from streid.stage.cli import add_compute_arguments, run_stage, set_threads
from streid.stage.setting_flags import add_settings, read_settings


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", required=True, help="the data set's name")
    parser.add_argument("--manifest", required=True, type=Path, help="manifest.csv")
    parser.add_argument("--summary", required=True, type=Path, help="dataset.json")
    parser.add_argument("--histograms", required=True, type=Path, help="histograms.h5")
    parser.add_argument("--root", required=True, type=Path, help="the data set's folder, for its pictures")
    parser.add_argument("--packed", type=Path, help="pictures.h5; used instead of the folder if it holds pictures")
    parser.add_argument(
        "--model",
        required=True,
        action="append",
        type=named_folder,
        metavar="NAME=DIR",
        help="a model and its folder with features.h5, training.csv if there is one, and a folder for each fusion with "
        "scores.h5, scores.json and, if they exist, reranked.h5, reranked.json; once for each model",
    )
    parser.add_argument(
        "--fusion",
        nargs="+",
        choices=FUSIONS,
        default=[DEFAULT_FUSION],
        help=f"the fusions to compare, in this order (default: {DEFAULT_FUSION})",
    )
    parser.add_argument(
        "--model-fusion",
        action="append",
        default=[],
        type=model_fusions,
        metavar="NAME=FUSION,...",
        help="the fusions to show of one model, instead of those of --fusion",
    )
    parser.add_argument(
        "--foreign-histograms",
        action="append",
        default=[],
        type=named_source,
        metavar="NAME=SOURCE",
        help="a model whose scores use the histograms of another data set, and that set's name",
    )
    parser.add_argument(
        "--trained-on",
        action="append",
        default=[],
        type=named_source,
        metavar="NAME=SETS",
        help="a model that was trained on other data sets, or on several together (a+b), and their names",
    )
    parser.add_argument("--explorer", type=Path, help="a gallery explorer to link to; it need not exist yet")
    parser.add_argument("--output", required=True, type=Path, help="report.json to write")
    parser.add_argument("--page", required=True, type=Path, help="report.html to write")
    parser.add_argument(
        "--figures",
        required=True,
        type=Path,
        help="folder only for this report's figures; other .svg and .png files in it are removed",
    )
    parser.add_argument("--config-json", type=Path, help="the configuration to print, a JSON object")
    parser.add_argument("--benchmarks", type=Path, help="folder of benchmark files, <rule>[.<model>[.<fusion>]].tsv")
    parser.add_argument("--logs", type=Path, help="folder of logs, <rule>[.<model>[.<fusion>]].log, for the commands")
    parser.add_argument(
        "--run-flags", default="", help="flags of the Snakemake run, one text, for the command that repeats it"
    )
    add_settings(parser, ReportSettings)
    add_compute_arguments(parser, device=False)
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    set_threads(arguments.threads)
    from streid.data.manifest import read_manifest
    from streid.data.picture_source import PictureSource
    from streid.files.atomic import atomic_outputs, check_targets
    from streid.files.histograms import read_histograms
    from streid.files.json_files import json_text, read_json
    from streid.reporting.contact_sheets import PictureStore
    from streid.reporting.html_pages import relative_link
    from streid.reporting.measured import read_summary
    from streid.reporting.report.commands import read_commands, repeat_command
    from streid.reporting.report.record import build_record, git_state
    from streid.reporting.report.report_page import compose_report, render_page, write_figures
    from streid.reporting.report.sections.frame import Material
    from streid.reporting.report.tables import cost_rows
    from streid.reporting.runs import read_run
    from streid.reporting.wording import Clock

    folders, own, foreign, trained_on = (
        dict(one)
        for one in (arguments.model, arguments.model_fusion, arguments.foreign_histograms, arguments.trained_on)
    )
    check_names(arguments)
    settings = read_settings(arguments, ReportSettings)
    read = (arguments.manifest, arguments.summary, arguments.histograms, arguments.packed, arguments.config_json)
    check_targets((arguments.output, arguments.page), read)
    summary, histograms = read_summary(arguments.summary), read_histograms(arguments.histograms)
    runs = [
        read_run(name, folder, own.get(name, arguments.fusion), trained_on=trained_on.get(name, ""))
        for name, folder in folders.items()
    ]
    record = build_record(
        dataset=arguments.dataset,
        summary=summary,
        histograms=histograms,
        runs=runs,
        foreign=foreign,
        configuration=read_json(arguments.config_json) if arguments.config_json else {},
        seed=settings.seed,
        commit=git_state(Path(__file__).parent),
    )
    record_text = json_text(record, arguments.output)
    material = Material(
        record=record,
        runs=runs,
        manifest=read_manifest(arguments.manifest, summary),
        histograms=histograms,
        store=PictureStore(PictureSource(arguments.root, arguments.packed)),
        clock=Clock(per_second=settings.units_per_second, unit=settings.time_unit),
        queries=settings.queries,
        foreign=foreign,
        costs=cost_rows(arguments.benchmarks) if arguments.benchmarks else None,
        repeat=repeat_command(arguments.dataset, arguments.run_flags),
        commands=read_commands(arguments.logs, arguments.dataset, arguments.run_flags) if arguments.logs else [],
        explorer=relative_link(arguments.explorer, arguments.page) if arguments.explorer else None,
    )
    report = compose_report(material)
    page = render_page(material, report)
    write_figures(arguments.figures, report)
    with atomic_outputs(arguments.page, arguments.output) as (page_file, record_file):
        page_file.write_text(page, encoding="utf-8", newline="")
        record_file.write_text(record_text, encoding="utf-8", newline="")


if __name__ == "__main__":
    run_stage(main)
