"""The command `ctc tune`."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

import click

from ctc.cli.commands.train.options import DATASET, SHARED_OPTIONS, provided_options
from ctc.cli.options.option import apply_options, option
from ctc.cli.options.plugin import BACKBONES, LOADERS, command_with
from ctc.cli.options.values.paths import PATH_STR
from ctc.cli.settings.source import was_provided
from ctc.errors import UsageError
from ctc.reporting import counted

SEARCHABLE = (
    "learning-rate",
    "weight-decay",
    "batch-size",
    "color",
    "crop",
    "zoom",
    "rotate",
    "mixup",
)
"""The names in `ctc.training.tuning.search_space`, as options."""


@click.command(
    cls=command_with(BACKBONES, LOADERS),
    epilog="Example: ctc tune dataset --output study --backbone small_cnn --label species "
    "--trials 30 --epochs 15",
)
@apply_options(
    (
        DATASET,
        option("--output", type=PATH_STR, required=True, metavar="DIR", help="Folder to write."),
        option(
            "--trials",
            type=click.IntRange(min=1),
            default=20,
            help="Number of trainings, with those that the folder has already.",
        ),
        option(
            "--search",
            "searched",
            multiple=True,
            type=click.Choice(SEARCHABLE),
            metavar="NAME",
            show_default="each that is not given as an option",
            help=f"Option to search. Repeatable. One of: {', '.join(SEARCHABLE)}.",
        ),
        *SHARED_OPTIONS,
    )
)
def command(trials: int, searched: tuple[str, ...], **options: Any) -> None:
    """Search for the options of a training that suit a DATASET.

    Trains many networks, each a run folder in --output, and compares them by their lowest
    validation loss; those that fall behind end early. Options that are given are the same for all
    trials. The same command goes on after an interruption, or with more --trials. The trials are
    listed in trials.csv. Needs the extra `tune`.
    """
    from ctc.cli.console import console
    from ctc.errors import require_extra
    from ctc.training.config import TrainingConfig

    context = click.get_current_context()
    names = _names_to_search(context, searched)
    config = TrainingConfig(**provided_options(context, options))
    require_extra("ctc tune", "tune", ["optuna"])
    from ctc.training.distributed.backend import start_backend

    start_backend(deterministic=config.deterministic)
    from ctc.plugin.manager import plugins
    from ctc.training.tuning.run_tuning import describe, tune

    result = tune(config, names, trials, plugins(), console)
    run = shlex.quote(str(result.run))
    console.info(f"to train with these options, longer or on more photos: {_train(run)}")
    for name, value in _lines(result.loss, describe(result.values), run, result.trials).items():
        click.echo(f"{name:<10}{value}")


def _names_to_search(context: click.Context, searched: tuple[str, ...]) -> tuple[str, ...]:
    """Return the fields to search: those that were named, or all that were not given."""
    for name in searched:
        if was_provided(context, name.replace("-", "_")):
            raise UsageError(f"--search {name} searches what --{name} gives: leave one out")
    chosen = searched or tuple(
        name for name in SEARCHABLE if not was_provided(context, name.replace("-", "_"))
    )
    if not chosen:
        raise UsageError("every option that can be searched is given: leave one of them out")
    return tuple(name.replace("-", "_") for name in dict.fromkeys(chosen))


def _train(run: str) -> str:
    return f"ctc train --config {run}/run.json --output run"


def _lines(loss: float, values: str, run: str, trials: int) -> Mapping[str, str]:
    return {
        "best": f"validation loss {loss:.4f}, of {counted(trials, 'trial')}",
        "options": values,
        "run": run,
    }
