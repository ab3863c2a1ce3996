"""ctc benchmark loaders"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ctc.cli.options.option import option
from ctc.cli.options.paths import PATH_OR_URL

if TYPE_CHECKING:
    from ctc.benchmark.records import BenchmarkResult


@click.command(epilog="Example: ctc benchmark loaders dataset --seconds 10 --chart loaders.png")
@click.argument("dataset", type=PATH_OR_URL)
@option("--split", default="train", help="Whose records to load.")
@option(
    "--loader",
    "chosen",
    metavar="NAME",
    multiple=True,
    help="Measure only this. Repeatable.  [default: all]",
)
@option(
    "--seconds",
    type=click.FloatRange(0.1),
    default=10,
    help="Per loader and round.",
)
@option("--rounds", type=click.IntRange(1), default=3, help="The medians are shown.")
@option("--threads", type=click.IntRange(1), default=2, help="Of each loader.")
@option("--batch-size", type=click.IntRange(1), default=64, help="Images at a time.")
@option(
    "--size",
    type=click.IntRange(8),
    default=224,
    help="Height and width, in pixels.",
)
@option("--chart", type=PATH_OR_URL, metavar="FILE", help="Draw a bar chart, a .png file.")
@option("--json", "as_json", is_flag=True, help="Print a list of objects.")
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
    """How many images per second each loader delivers from a DATASET, side by side, augmented as
    for training.

    Beside the loaders stand the limit (decoding alone) and what people use elsewhere, where it is
    installed. Each has a process of its own; they take turns, so that a busy machine slows all
    alike."""
    from ctc.artifacts.dataset_cache import open_dataset
    from ctc.benchmark.chart import write_chart
    from ctc.benchmark.compare import GPU_ROW, check_names, compare
    from ctc.benchmark.contenders import contender_names
    from ctc.benchmark.records import BenchmarkConfig
    from ctc.cli.console.console import debug
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
        import json

        click.echo(json.dumps([result.to_json() for result in results], indent=1))
    else:
        _print_results(results)


def _print_results(results: Sequence[BenchmarkResult]) -> None:
    click.echo(
        f"{'':<28}{'img/s':>8}{'cold':>8}{'per core':>10}{'CPU s/1000':>12}{'MB':>7}{'× tfdata':>10}{'of limit':>10}"
    )
    for one in results:
        if one.images_per_second is None:
            click.echo(f"{one.name:<28}  {one.note}")
            continue
        cells = [
            f"{one.name:<28}{one.images_per_second:>8,.0f}",
            f"{one.images_per_second_cold:>8,.0f}" if one.images_per_second_cold else f"{'':>8}",
            f"{one.images_per_second_per_core:>10,.0f}{one.cpu_seconds_per_1000_images:>12.2f}{one.peak_mb:>7,.0f}",
            f"{one.to_tfdata:>10.2f}" if one.to_tfdata else f"{'':>10}",
            f"{one.to_limit:>10.0%}" if one.to_limit else "",
        ]
        click.echo("".join(cells).rstrip())
