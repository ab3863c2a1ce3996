"""What `ctc predict`, `ctc detect` and `ctc embed` do with a run: tell of it, and carry it out."""

from __future__ import annotations

from collections.abc import Callable

from ctc.cli.commands.predict.messages import (
    exit_code,
    print_dry_run,
    print_run_info,
    print_summary,
    resume_hint_on_exit,
)
from ctc.cli.console.console import progress
from ctc.cli.options.photo_run import require_this_machine
from ctc.inference.run.kind import ConfigT
from ctc.inference.run.photo_run import PhotoRun
from ctc.plugin.manager import Plugins, plugins


def carry_out(
    prepare: Callable[[ConfigT, Plugins], PhotoRun], config: ConfigT, name: str, dry_run: bool
) -> int:
    """Carry out the run that `prepare` makes of `config`, or only print it; return the exit code.

    `name`: of the progress. Raises UsageError for `dry_run` with an engine, and what `prepare` and
    the run raise.
    """
    if dry_run:
        require_this_machine(config.engine)
    run = prepare(config, plugins())
    print_run_info(run)
    if dry_run:
        print_dry_run(run)
        return 0
    with resume_hint_on_exit(run.journal), progress(name, run.photos) as bar:
        summary = run.run(bar.advance)
    print_summary(summary, run.done)
    return exit_code(summary)
