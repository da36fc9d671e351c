"""Write the gallery explorer: one self-contained page with queries and their best gallery pictures."""

import argparse
from pathlib import Path

from streid.reporting.explorer.explorer_settings import ExplorerSettings
from streid.reporting.report.report_arguments import check_names, model_fusions, named_folder
from streid.reporting.report.report_settings import ReportSettings
from streid.scoring.fusion_records import DEFAULT_FUSION, FUSIONS
from streid.stage.cli import add_compute_arguments, run_stage, set_threads
from streid.stage.setting_flags import add_settings, read_settings


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--dataset", required=True, help="the data set's name")
    add("--histograms", required=True, type=Path, help="histograms.h5 that the scores were made with")
    add("--root", required=True, type=Path, help="the data set's folder, for its pictures")
    add("--packed", type=Path, help="pictures.h5; used instead of the folder if it holds pictures")
    add(
        "--model",
        required=True,
        action="append",
        type=named_folder,
        metavar="NAME=DIR",
        help="a model and its folder with features.h5 and a folder of rankings for each fusion; once for each model",
    )
    add(
        "--model-histograms",
        action="append",
        default=[],
        type=named_folder,
        metavar="NAME=FILE",
        help="histograms.h5 of a model whose scores were not made with those of --histograms",
    )
    add("--fusion", nargs="+", choices=FUSIONS, default=[DEFAULT_FUSION], help=f"(default: {DEFAULT_FUSION})")
    add(
        "--model-fusion",
        action="append",
        default=[],
        type=model_fusions,
        metavar="NAME=FUSION,...",
        help="the fusions of one model, instead of those of --fusion",
    )
    add("--output", required=True, type=Path, help="explorer.html to write")
    add("--report", type=Path, help="the report's page, for a link")
    add_settings(parser, ExplorerSettings)
    add_settings(parser, ReportSettings, only=("time_unit", "units_per_second", "seed"))
    add_compute_arguments(parser, device=False)
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    set_threads(arguments.threads)
    from streid.data.picture_source import PictureSource
    from streid.files.atomic import check_targets, write_text
    from streid.files.histograms import read_histograms
    from streid.reporting.explorer.explorer_page import choose_rows, explore, query_sets, write_page
    from streid.reporting.html_pages import relative_link
    from streid.reporting.runs import read_run
    from streid.reporting.wording import Clock
    from streid.scoring.evaluation import read_scene

    folders, own, tables = (dict(one) for one in (arguments.model, arguments.model_fusion, arguments.model_histograms))
    check_names(arguments)
    settings = read_settings(arguments, ExplorerSettings)
    read = [folder / "features.h5" for folder in folders.values()]
    check_targets((arguments.output,), (*read, arguments.histograms, *tables.values(), arguments.packed))
    sets = query_sets([read_run(name, folder, own.get(name, arguments.fusion)) for name, folder in folders.items()])
    order = [choose_rows(runs, settings.queries, arguments.seed) for runs in sets]
    explored = []
    for runs, rows in zip(sets, order, strict=True):
        models = []
        for run in runs:
            histograms = read_histograms(tables.get(run.name, arguments.histograms))
            models.append(explore(run, read_scene(folders[run.name] / "features.h5"), histograms, rows))
        explored.append(models)
    page = write_page(
        explored,
        order,
        dataset=arguments.dataset,
        report=relative_link(arguments.report, arguments.output) if arguments.report else "",
        source=PictureSource(arguments.root, arguments.packed),
        clock=Clock(per_second=arguments.units_per_second, unit=arguments.time_unit),
        thumbnail_height=settings.thumbnail_height,
        most_bytes=round(settings.megabytes * 1e6),
    )
    write_text(arguments.output, page)


if __name__ == "__main__":
    run_stage(main)
