"""The command `ctc train`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ctc.cli.commands.train.options import SOURCE_RUN_KEY, provided_options, training_options
from ctc.cli.options.option import option
from ctc.cli.options.plugin import BACKBONES, LOADERS, command_with
from ctc.reporting import counted, hint_if_interrupted

if TYPE_CHECKING:
    from ctc.training.config import TrainingConfig


@click.command(
    cls=command_with(BACKBONES, LOADERS),
    epilog="Example: "
    "ctc train dataset --output run --backbone small_cnn --label species --epochs 20",
)
@training_options
@option("--overwrite", is_flag=True, help="Replace an earlier run at --output.")
@option(
    "--dry-run",
    is_flag=True,
    help="Print what would be trained, and how much memory and time it needs, then exit.",
)
def command(resume: Path | None, overwrite: bool, dry_run: bool, **options: Any) -> None:
    """Train a network on a dataset.

    Writes a run folder: run.json, history.csv, curves.png, the best weights, checkpoints; with a
    test split also test.json and test_predictions.csv. An interrupted run continues with --resume.
    """
    from ctc.cli.console import console
    from ctc.training.config import TrainingConfig
    from ctc.training.distributed.backend import start_backend
    from ctc.training.run_folder import check_output

    context = click.get_current_context()
    config = TrainingConfig(**provided_options(context, options))
    if dry_run:
        start_backend(deterministic=config.deterministic)
        from ctc.cli.commands.train.dry_run import print_dry_run

        print_dry_run(config)
        return
    check_output(config, resume=resume is not None, overwrite=overwrite)
    with config.topology.initialize():
        with hint_if_interrupted(console, lambda: "run the same command again"):
            start_backend(deterministic=config.deterministic)
            from ctc.plugin.manager import plugins
            from ctc.training import run_training

        source_run = context.meta.get(SOURCE_RUN_KEY)
        start = partial(run_training.train, overwrite=overwrite, source_run=source_run)
        result = (run_training.resume if resume else start)(config, plugins(), console)
    console.info(
        f"best epoch {result.best.index + 1} of {len(result.epochs)}, "
        f"saved in '{result.run.folder}'"
    )
    for label, score in result.test.labels.items() if result.test else ():
        if score.n:
            samples = _describe_samples(config, score.n)
            click.echo(f"test accuracy of '{label}': {score.accuracy:.3f} ({samples})")


def _describe_samples(config: TrainingConfig, count: int) -> str:
    """Describe the samples of an accuracy: one per event, or all photos."""
    if config.image_choice == "all":
        return counted(count, "photo")
    photos = "up to 3 photos" if config.image_choice == "grayscale_stacking" else "the first photo"
    return f"{counted(count, 'event')}, {photos} of each"
