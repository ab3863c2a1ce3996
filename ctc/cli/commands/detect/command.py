"""The command `ctc detect`."""

from __future__ import annotations

from typing import Any

import click

from ctc.cli.commands.detect.options import detect_options, to_config
from ctc.cli.options.paths import PATH_OR_URL
from ctc.cli.options.photo_run import DRY_RUN, require_this_machine
from ctc.cli.options.plugin import ENGINES, command_with


@click.command(
    cls=command_with(ENGINES),
    epilog="Example: ctc detect detector.onnx new_photos --output boxes.json",
)
@click.argument("detector", type=PATH_OR_URL)
@click.argument("sources", type=PATH_OR_URL, nargs=-1, required=True, metavar="SOURCE...")
@detect_options
@DRY_RUN
def command(dry_run: bool, **options: Any) -> int:
    """Find animals, people and vehicles in photos with a DETECTOR file.

    DETECTOR is a file from `ctc import --detector`, or an ONNX file that describes itself, such as
    one that Ultralytics exported. A SOURCE is a photo, a folder, a CSV (with --image) or an
    inventory (.parquet). Photos that fail are listed in OUTPUT.failures.csv; the exit code is then
    3. To resume a run that was interrupted or killed, run the same command again.
    """
    from ctc.cli.commands.predict.messages import (
        exit_code,
        print_dry_run,
        print_run_info,
        print_summary,
        resume_hint_on_exit,
    )
    from ctc.cli.console.console import progress
    from ctc.inference.run.detect_run import prepare_detection
    from ctc.plugin.manager import plugins

    config = to_config(options)
    if dry_run:
        require_this_machine(config.engine)
    run = prepare_detection(config, plugins())
    print_run_info(run)
    if dry_run:
        print_dry_run(run)
        return 0
    with resume_hint_on_exit(run.journal), progress("detect", run.photos) as bar:
        summary = run.run(bar.advance)
    print_summary(summary, run.done)
    return exit_code(summary)
