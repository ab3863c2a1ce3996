"""The options of commands that let a model answer for a dataset's split, and what carries them
out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial, reduce
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ctc.cli.commands.predict.options import AUTO, PROVIDERS
from ctc.errors import MissingExtraError

if TYPE_CHECKING:
    from ctc.artifacts.dataset import Dataset
    from ctc.artifacts.predictions import Probabilities
    from ctc.evaluation.answers.collector import AggregatorFactory
    from ctc.evaluation.answers.score_split import PredictFn, ScoredSplit
    from ctc.runtime.session import Model

MAX_FAILURES_SHOWN = 5

_OPTIONS = (
    click.option(
        "--aggregation",
        metavar="NAME",
        default="mean",
        show_default=True,
        help="From photos to the event.",
    ),
    click.option(
        "--location",
        metavar="COL",
        default="location",
        show_default=True,
        help="Column that says where an event was.",
    ),
    click.option(
        "--provider",
        type=click.Choice(PROVIDERS),
        default=AUTO,
        show_default=True,
        help="What runs the network.",
    ),
    click.option(
        "--batch-size",
        type=click.IntRange(1, 4096),
        default=16,
        show_default=True,
        help="Photos at a time.",
    ),
    click.option(
        "--threads", type=click.IntRange(1, 1024), help="CPU cores to use.  [default: all]"
    ),
    click.option("--overwrite", is_flag=True, help="Replace an earlier result at --output."),
)


def scoring_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add every option to a command function."""
    return reduce(lambda decorated, option: option(decorated), reversed(_OPTIONS), command)


def require_extra(command: str, extras: str = "cpu,report") -> None:
    """Raise MissingExtraError, naming `extras`, unless what the extra `report` brings is
    installed."""
    if not all(map(find_spec, ("sklearn", "onnx", "jinja2", "pyarrow", "google_crc32c"))):
        raise MissingExtraError(f"ctc {command}", extras)


def open_model(path: Path, provider: Any, threads: int | None) -> Model:
    """Ready to answer in as many threads at a time."""
    from ctc.hardware import usable_cores
    from ctc.runtime.providers import RuntimeConfig
    from ctc.runtime.session import load_model

    return load_model(path, RuntimeConfig(provider, workers=threads or usable_cores()))


def aggregator_factory(aggregation: str) -> AggregatorFactory:
    """What the aggregation of that name makes of the answers for an event's photos, given the
    labels that may have several classes."""
    from ctc.inference.pipeline.aggregation import aggregate
    from ctc.plugin import Aggregation
    from ctc.plugin.manager import plugins

    record = plugins().get(Aggregation, aggregation)

    def combine(multi_label: Collection[str], photos: Sequence[Probabilities]) -> Probabilities:
        return aggregate(record, photos, photos[0], multi_label)

    return lambda multi_label: partial(combine, multi_label)


def score(
    model: Model,
    dataset: Dataset,
    split: str,
    options: dict[str, Any],
    predict: PredictFn | None = None,
) -> ScoredSplit:
    """Let the model answer for the whole split; what can't be used is told as a warning. `predict`:
    in place of the model's own."""
    from ctc.cli.console.console import info, progress, warn
    from ctc.evaluation.answers.score_split import ScoringConfig, score_split

    config = ScoringConfig(options["location"], options["batch_size"], model.runtime.workers)
    images = sum(shard.images for shard in dataset.shards(split))
    with progress(split, images) as bar:
        combine = aggregator_factory(options["aggregation"])(model.info.multi_label)
        found = score_split(
            predict or model.predict, model.info, dataset, split, combine, config, bar.advance
        )
    if found.failures:
        warn(f"{len(found.failures):,} photos or records could not be used:")
        for failure in found.failures[:MAX_FAILURES_SHOWN]:
            info(f"  {failure}")
    return found
