"""Time extraction with networks of other programs beside their bare libraries, fed with ready arrays.

The bare library gets the same batches as float32 arrays made before the clock starts, in the two ways that its users
know: as it comes (one call after the other in onnxruntime, its throughput mode in openvino), and as many calls at once,
of one thread each, as there are threads. The quicker counts. Extraction reads, decodes and resizes the pictures, makes
the arrays and calls the library. All take turns, in one process, so that a busy machine disturbs them alike.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "pipeline"))

from streid.appearance.network_settings import NetworkSettings, network_kind
from streid.stage.cli import positive_int, set_threads
from streid.stage.setting_flags import add_settings, read_settings

DISTINCT = 64  # ready pictures, used again and again


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", required=True, type=Path, help="a folder with pictures")
    parser.add_argument("--networks", required=True, type=Path, nargs="+", help="files: .onnx or .xml")
    parser.add_argument("--pictures", type=positive_int, default=4096, help="in a round (default: %(default)s)")
    parser.add_argument("--rounds", type=positive_int, default=3, help="(default: %(default)s)")
    parser.add_argument("--batch-size", type=positive_int, default=64, help="(default: %(default)s)")
    parser.add_argument("--workers", type=positive_int, default=2, help="that read pictures (default: %(default)s)")
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32", help="(default: %(default)s)")
    parser.add_argument("--threads", type=positive_int, default=os.cpu_count() or 1, help="(default: %(default)s)")
    add_settings(parser, NetworkSettings)
    return parser.parse_args()


def main() -> None:
    """Measure every network and print a Markdown table: pictures per second, and milliseconds of CPU of a picture."""
    arguments = parse_arguments()
    set_threads(arguments.threads)
    files = sorted(path for path in arguments.root.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
    if len(files) < arguments.pictures:
        sys.exit(f"{arguments.root}: {len(files)} pictures, {arguments.pictures} are asked for by --pictures")
    names = [str(path.relative_to(arguments.root)) for path in files[:: len(files) // arguments.pictures]]
    print("| network | bare, as it comes | bare, calls at once | extraction | ratio | CPU ms, bare | extraction |")
    print("|---|---|---|---|---|---|---|")
    for network in arguments.networks:
        print(measure(network, names[: arguments.pictures], arguments), flush=True)


def measure(path: Path, names: list[str], arguments: argparse.Namespace) -> str:
    """The table's line of a network; the mirror images are left out in all, unless asked for."""
    from streid.appearance.feature_model import Reading
    from streid.appearance.feature_models import open_model
    from streid.data.picture_source import PictureSource

    settings = read_settings(arguments, NetworkSettings)
    if settings.flip == "auto":
        settings = settings.model_copy(update={"flip": False})
    reading = Reading(
        source=PictureSource(arguments.root),
        device="cpu",
        threads=arguments.threads,
        batch_size=arguments.batch_size,
        precision=arguments.precision,
        workers=arguments.workers,
    )
    model: Any = open_model(network_kind(str(path)), path, settings, reading)
    ways: dict[str, Callable[[], object]] = {
        "as it comes": bare_as_it_comes(path, model, len(names), arguments),
        "at once": lambda: calls_at_once(model, len(names), arguments.threads),
        "extraction": lambda: sum(1 for _ in model.features([[(name,) for name in names]])),
    }
    rates: dict[str, list[float]] = {way: [] for way in ways}
    costs: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(arguments.rounds):
        for way, run in ways.items():
            started, used = time.perf_counter(), cpu_seconds()
            run()
            rates[way].append(len(names) / (time.perf_counter() - started))
            costs[way].append(1000 * (cpu_seconds() - used) / len(names))
    first, second, third = (median(rates[way]) for way in ways)
    bare = min(median(costs["as it comes"]), median(costs["at once"]))
    cells = [f"{first:.0f}", f"{second:.0f}", f"{third:.0f}", f"{third / max(first, second):.3f}"]
    return f"| {path.name} | {' | '.join(cells)} | {bare:.2f} | {median(costs['extraction']):.2f} |"


def cpu_seconds() -> float:
    """CPU time of this process and of its loader processes that have ended."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def ready_batches(model: Any, batch: int, pictures: int) -> Iterator[Any]:
    """Arrays as the network takes them, made once."""
    import numpy as np

    form = model._form
    shape = (max(batch, DISTINCT), form.settings.height, form.settings.width, 3)
    noise = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    made = [model._maker.make(noise[at : at + batch], batch) for at in range(0, len(noise) - batch + 1, batch)]
    for number in range(-(-pictures // batch)):
        yield made[number % len(made)]


def calls_at_once(model: Any, pictures: int, threads: int) -> None:
    """The library alone, called as extraction calls it."""
    with ThreadPoolExecutor(threads) as pool:
        batches = ready_batches(model, model._batch, pictures)
        list(pool.map(lambda values: model._network.run(model._form, values), batches))


def bare_as_it_comes(path: Path, model: Any, pictures: int, arguments: argparse.Namespace) -> Callable[[], None]:
    """The library alone, as its documentation calls it."""
    batch = model._batch
    if path.suffix.lower() == ".onnx":
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = arguments.threads
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

        def run_onnx() -> None:
            for values in ready_batches(model, batch, pictures):
                session.run([model._form.settings.output_name], {model._form.input.name: values})

        return run_onnx
    import openvino

    core = openvino.Core()
    network = core.read_model(str(path))
    network.reshape(list(model._form.input_shape(batch)))
    hints = {"PERFORMANCE_HINT": "THROUGHPUT", "INFERENCE_NUM_THREADS": str(arguments.threads)}
    precision = {"fp32": "f32", "bf16": "bf16"}[arguments.precision]
    compiled = core.compile_model(network, "CPU", {**hints, "INFERENCE_PRECISION_HINT": precision})
    queue = openvino.AsyncInferQueue(compiled)

    def run_openvino() -> None:
        for values in ready_batches(model, batch, pictures):
            queue.start_async({0: values})
        queue.wait_all()

    return run_openvino


if __name__ == "__main__":
    main()
