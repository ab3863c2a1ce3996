"""The options of `ctc train`, each named after its field in TrainingConfig; how those of an earlier run become defaults."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ctc.errors import UsageError

PATH = click.Path(path_type=Path)
SHARE = click.FloatRange(0, 0.5)
RATE = click.FloatRange(min=0, min_open=True)
ONE_OR_MORE = click.IntRange(min=1)
COLORS = click.Choice(["none", "little", "full_fast", "full_randomized"])
CHOICES = click.Choice(["random", "first", "all", "grayscale_stacking"])


def _load_config(context: click.Context, _: click.Parameter, path: Path | None) -> None:
    """The options of an earlier run become the defaults; the command line wins."""
    if path is None:
        return
    from ctc.training.config import read_config

    values = read_config(path)[0].to_json()
    weights = [f"{label}={weight}" for label, weight in values.pop("label_weights").items()]
    context.default_map = {**values, "label_weights": weights}


def _load_run(context: click.Context, parameter: click.Parameter, folder: Path | None) -> Path | None:
    """As `_load_config`, and the output is the run's own folder."""
    _load_config(context, parameter, folder)
    if folder is not None:
        context.default_map = {**(context.default_map or {}), "output": str(folder)}
    return folder


def _weights(_: click.Context, __: click.Parameter, pairs: tuple[str, ...]) -> dict[str, float]:
    weights = {}
    for pair in pairs:
        label, equals, weight = pair.rpartition("=")
        try:
            weights[label] = float(weight)
        except ValueError:
            equals = ""
        if not equals:
            raise UsageError(f"--label-weight '{pair}' is not LABEL=NUMBER, like 'species=2'")
    return weights


OPTIONS = (
    click.argument("dataset", type=str),
    click.option("--output", required=True, metavar="RUN", help="Folder to write the run to."),
    click.option("--backbone", required=True, metavar="NAME", help="The network; `ctc plugins` lists them."),
    click.option("--label", "labels", multiple=True, metavar="NAME", help="What to learn; may be repeated."),
    click.option("--label-weight", "label_weights", multiple=True, callback=_weights, metavar="NAME=W",
                 help="Factor of a label's loss (1); may be repeated."),
    click.option("--loader", default="auto", metavar="NAME", help="auto, turbo, dali, tfdata or a plugin's."),
    click.option("--height", type=click.IntRange(1, 8192), help="Pixels; the backbone's own unless given."),
    click.option("--width", type=click.IntRange(1, 8192), help="Pixels; the backbone's own unless given."),
    click.option("--resize", type=click.Choice(["stretch", "fit-crop"]), help="Stretch, or keep the aspect and crop."),
    click.option("--image-choice", type=CHOICES, help="Which photo of an event."),
    click.option("--batch-size", type=ONE_OR_MORE, help="Photos per step."),
    click.option("--epochs", type=ONE_OR_MORE, help="At most so many."),
    click.option("--steps-per-epoch", type=ONE_OR_MORE, help="End an epoch early."),
    click.option("--optimizer", type=click.Choice(["sgd", "rmsprop", "adamw"]), help="How to descend."),
    click.option("--learning-rate", type=RATE, help="At the start: sgd 0.01, rmsprop and adamw 0.001."),
    click.option("--weight-decay", type=click.FloatRange(min=0), help="sgd and rmsprop 0.0001, adamw 0.01."),
    click.option("--early-stopping-patience", type=ONE_OR_MORE, help="Epochs without a lower loss until it stops."),
    click.option("--reduce-lr-patience", type=ONE_OR_MORE, help="Epochs without a lower loss until it slows down."),
    click.option("--reduce-lr-factor", type=click.FloatRange(0, 1, True, True), help="Factor of the learning rate."),
    click.option("--min-learning-rate", type=click.FloatRange(min=0), help="It is never lowered below that."),
    click.option("--color", type=COLORS, help="Colour augmentation."),
    click.option("--crop", type=SHARE, help="Largest share of a side cut away."),
    click.option("--zoom", type=SHARE, help="Largest share of a side zoomed."),
    click.option("--rotate", type=click.FloatRange(0, 180), help="Largest angle in degrees."),
    click.option("--flip/--no-flip", default=None, help="Mirror half of the photos."),
    click.option("--threads", type=ONE_OR_MORE, help="For loading; all processors unless given."),
    click.option("--seed", type=click.IntRange(0, 2**31 - 1), help="The same seed, the same start and order."),
    click.option("--deterministic", is_flag=True, default=None, help="Slower, and to the bit the same each time."),
    click.option("--accumulate", type=ONE_OR_MORE, help="Take each batch in so many parts, which needs less memory."),
    click.option("--checkpoint-minutes", type=RATE, help="Within an epoch, keep a checkpoint as often as that (10)."),
    click.option("--checkpoint-steps", type=ONE_OR_MORE, help="And after so many steps."),
    click.option("--resume", is_eager=True, type=PATH, callback=_load_run, metavar="RUN",
                 help="Go on with a training that ended early, or with more --epochs."),
    click.option("--config", is_eager=True, expose_value=False, type=PATH, callback=_load_config, metavar="RUN.JSON",
                 help="Take the options of an earlier run; those given here win."),
)  # fmt: skip


def training_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Put all of them on a command, in this order."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command
