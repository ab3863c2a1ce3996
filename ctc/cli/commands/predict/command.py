"""ctc predict"""

from __future__ import annotations

from typing import Any

import click

from ctc.cli.commands.predict.options import predict_options, to_config
from ctc.cli.options.option import option
from ctc.cli.options.paths import PATH_OR_URL
from ctc.cli.options.plugin import FormatsAndEnginesCommand
from ctc.errors import UsageError


@click.command(
    cls=FormatsAndEnginesCommand,
    epilog="Example: ctc predict model.onnx new_photos --output predictions.csv",
)
@click.argument("model", type=PATH_OR_URL)
@click.argument("sources", type=PATH_OR_URL, nargs=-1, required=True, metavar="SOURCE...")
@predict_options
@option(
    "--dry-run", is_flag=True, help="Only say what would be predicted, and how long it would take."
)
def command(dry_run: bool, **options: Any) -> int:
    """Say which animals are on photos, with a MODEL file that `ctc export` wrote.

    A SOURCE is a photo, a folder, a CSV (with --event-id and --image) or an inventory (.parquet). A
    photo that belongs to no event is its own, with its path as id. Photos that fail are listed in
    OUTPUT.failures.csv, and the exit code is 3. A run that was interrupted, or killed, goes on when
    the same command is given again."""
    from ctc.cli.commands.predict.messages import (
        exit_code,
        print_dry_run,
        print_run_info,
        print_summary,
        resume_hint_on_exit,
    )
    from ctc.cli.console.console import progress
    from ctc.inference.run.engine_job import prepare_engine_job
    from ctc.inference.run.job import prepare_job
    from ctc.plugin.manager import plugins

    config = to_config(options)
    if dry_run:
        if config.engine:
            raise UsageError("--dry-run measures this machine alone: leave --engine out")
        trial = prepare_job(config, plugins())
        print_run_info(trial)
        print_dry_run(trial)
        return 0
    job = (
        prepare_engine_job(config, config.engine, plugins())
        if config.engine
        else prepare_job(config, plugins())
    )
    print_run_info(job)
    with resume_hint_on_exit(job.journal), progress("predict", job.photos) as bar:
        summary = job.run(bar.advance)
    print_summary(summary)
    return exit_code(summary)
