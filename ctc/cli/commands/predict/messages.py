"""What `ctc predict` and `ctc merge` tell."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ctc.cli.console.console import debug, info, warn
from ctc.cli.registry import PARTLY_FAILED

if TYPE_CHECKING:
    from ctc.inference.config import Summary
    from ctc.inference.run.engine_job import EngineJob
    from ctc.inference.run.job import Job


def print_run_info(job: Job | EngineJob) -> None:
    """What is worth knowing before the first photo."""
    for note in job.events.notes:
        warn(note)
    for note in job.postprocessor.notes:
        info(note)
    heading = job.header
    info(f"the network runs on '{heading.provider}'")
    debug(
        f"in {heading.precision}, {heading.batch_size} photo(s) at a time, {job.config.threads} core(s)"
    )
    if job.journal.exists():
        info(f"going on where '{job.journal}' ends; to begin anew, remove it")


def print_dry_run(job: Job) -> None:
    """The dry run's lines on stdout: what would be written, and how long it would take."""
    from ctc.inference.run.dry_run import estimate_run

    heading = job.header
    click.echo(
        f"model    {heading.model}: {', '.join(f'{label} ({len(classes)} classes)' for label, classes in heading.labels.items())}"
    )
    click.echo(
        f"network  {heading.precision} on '{heading.provider}', {heading.batch_size} photo(s) at a time, {job.config.threads} core(s)"
    )
    click.echo(f"output   '{job.target}', {job.format.name}")
    found = estimate_run(job)
    took = timedelta(seconds=round(found.seconds))
    click.echo(
        f"photos   {found.photos:,}: about {took} at {found.photos_per_second:,.1f}/s, judged from {found.sampled_photos:,} of them"
    )
    if found.failures:
        first = found.failures[0]
        warn(f"{len(found.failures)} of these failed, the first: '{first.path}': {first.reason}")


@contextmanager
def resume_hint_on_exit(journal: Path) -> Iterator[None]:
    """Whoever stops the run, or meets an error, learns how it goes on."""
    try:
        yield
    finally:
        if journal.exists():
            info(f"what is done is kept in '{journal}': the same command goes on from there")


def print_summary(summary: Summary) -> None:
    """What came out, and the first failures."""
    new = summary.photos - summary.resumed
    rate = f"{new:,} photos in {summary.seconds:.1f} s ({new / max(summary.seconds, 1e-9):,.0f}/s)"
    earlier = f", and {summary.resumed:,} earlier" if summary.resumed else ""
    info(f"{summary.events:,} events predicted from {rate}{earlier}")
    if summary.failed:
        listed = (
            f"are listed in '{summary.failures}'"
            if summary.failures.exists()
            else "will be listed by `ctc merge`"
        )
        warn(f"{summary.failed:,} failed and {listed}:")
        for failure in summary.first_failures:
            info(f"  '{failure.path}': {failure.reason}")


def exit_code(summary: Summary) -> int:
    return PARTLY_FAILED if summary.failed else 0
