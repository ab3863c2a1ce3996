"""ctc predict"""

from __future__ import annotations

from typing import Any

import click

from ctc.cli.commands.predict.options import predict_options, to_config
from ctc.cli.options.paths import PLACE
from ctc.cli.options.plugin import FormatsAndEnginesCommand
from ctc.errors import UsageError


@click.command(
    cls=FormatsAndEnginesCommand, epilog="Example: ctc predict model.onnx new_photos --output predictions.csv"
)
@click.argument("model", type=PLACE)
@click.argument("sources", type=PLACE, nargs=-1, required=True, metavar="SOURCE...")
@predict_options
@click.option("--dry-run", is_flag=True, help="Only say what would be predicted, and how long it would take.")
def command(dry_run: bool, **options: Any) -> int:
    """Say which animals are on photos, with a MODEL file that `ctc export` wrote.

    A SOURCE is a photo, a folder, a CSV (with --event-id and --image) or an inventory (.parquet). A photo that belongs to no
    event is its own, with its path as id. Photos that fail are listed in OUTPUT.failures.csv, and the exit code is 3.
    A run that was interrupted, or killed, goes on when the same command is given again.
    """
    from ctc.cli.commands.predict.messages import exit_code, show_forecast, tell_interruption, tell_job, tell_summary
    from ctc.cli.console.console import progress
    from ctc.inference.run.engine_job import prepare_parts
    from ctc.inference.run.job import prepare
    from ctc.plugin.manager import plugins

    config = to_config(options)
    if dry_run:
        if config.engine:
            raise UsageError("--dry-run measures this machine alone: leave --engine out")
        trial = prepare(config, plugins())
        tell_job(trial)
        show_forecast(trial)
        return 0
    job = prepare_parts(config, config.engine, plugins()) if config.engine else prepare(config, plugins())
    tell_job(job)
    with tell_interruption(job.journal), progress("predict", job.photos) as bar:
        summary = job.run(bar.advance)
    tell_summary(summary)
    return exit_code(summary)
