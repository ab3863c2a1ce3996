"""The command `ctc benchmark loaders`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ctc.cli.options.option import PluginName, option
from ctc.cli.options.values.paths import PATH_OR_URL

if TYPE_CHECKING:
    from ctc.benchmark.records import BenchmarkResult


@click.command(epilog="Example: ctc benchmark loaders dataset --seconds 10 --chart loaders.png")
@click.argument("dataset", type=PATH_OR_URL)
@option("--split", metavar="NAME", default="train", help="Split to load.")
@option(
    "--loader",
    "chosen",
    type=PluginName("Loader"),
    metavar="NAME",
    multiple=True,
    show_default="all",
    help="Measure only this loader. Repeatable.",
)
@option(
    "--seconds",
    type=click.FloatRange(0.1),
    default=10,
    help="Seconds per loader and round.",
)
@option("--rounds", type=click.IntRange(1), default=3, help="Rounds; the result is the median.")
@option("--threads", type=click.IntRange(1), default=2, help="Threads of each loader.")
@option("--batch-size", type=click.IntRange(1), default=64, help="Batch size.")
@option(
    "--size",
    type=click.IntRange(8),
    default=224,
    help="Image height and width, in pixels.",
)
@option("--chart", type=PATH_OR_URL, metavar="FILE", help="Bar chart to write, a .png file.")
@option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def command(
    dataset: Path,
    split: str,
    chosen: tuple[str, ...],
    seconds: float,
    rounds: int,
    threads: int,
    batch_size: int,
    size: int,
    chart: Path | None,
    as_json: bool,
) -> None:
    """Measure the images per second of each data loader on a DATASET, with augmentation.

    The table also shows the limit (decoding only), and loaders of other libraries where they are
    installed. Each loader runs in its own process. They take turns, so that other load on the
    machine affects all of them.
    """
    from ctc.artifacts.dataset_cache import open_dataset
    from ctc.benchmark.chart import write_chart
    from ctc.benchmark.compare import GPU_ROW, check_names, compare
    from ctc.benchmark.contenders import contender_names
    from ctc.benchmark.records import BenchmarkConfig
    from ctc.cli.console.console import debug, echo_json
    from ctc.hardware import nvidia_gpus

    known = contender_names()
    check_names(chosen, known)
    open_dataset(dataset, [split]).shards(split)
    setting = BenchmarkConfig(str(dataset), split, size, size, batch_size, threads)
    results = compare(list(chosen) or known, setting, seconds, rounds, debug)
    if not chosen and not nvidia_gpus():
        results.append(GPU_ROW)
    if chart:
        write_chart(results, chart, f"{threads} threads, {size} px, batches of {batch_size}")
    if as_json:
        echo_json([result.to_json() for result in results])
    else:
        _print_results(results)


def _print_results(results: Sequence[BenchmarkResult]) -> None:
    click.echo(
        f"{'':<28}{'img/s':>8}{'cold':>8}{'per core':>10}{'CPU s/1000':>12}{'MB':>7}"
        f"{'× tfdata':>10}{'of limit':>10}"
    )
    for result in results:
        click.echo(_format_result(result))


def _format_result(result: BenchmarkResult) -> str:
    if result.images_per_second is None:
        return f"{result.name:<28}  {result.note}"
    cold, to_tfdata = result.images_per_second_cold, result.to_tfdata
    cells = [
        f"{result.name:<28}{result.images_per_second:>8,.0f}",
        f"{cold:>8,.0f}" if cold else f"{'':>8}",
        f"{result.images_per_second_per_core:>10,.0f}",
        f"{result.cpu_seconds_per_1000_images:>12.2f}{result.peak_mb:>7,.0f}",
        f"{to_tfdata:>10.2f}" if to_tfdata else f"{'':>10}",
        f"{result.to_limit:>10.0%}" if result.to_limit else "",
    ]
    return "".join(cells).rstrip()
