"""What `ctc predict` and `ctc merge` tell."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ctc.cli.console import detail, say, warn
from ctc.cli.leaving import PARTLY_FAILED

if TYPE_CHECKING:
    from ctc.inference.config import Summary
    from ctc.inference.job import Job


def tell_job(job: Job) -> None:
    """What is worth knowing before the first photo."""
    for note in job.events.notes:
        warn(note)
    for note in job.reading.notes:
        say(note)
    heading = job.heading
    say(f"the network runs on '{heading.provider}'")
    detail(f"in {heading.precision}, {heading.batch_size} photo(s) at a time, {job.config.threads} core(s)")
    if job.journal.exists():
        say(f"going on where '{job.journal}' ends; to begin anew, remove it")


@contextmanager
def tell_interruption(journal: Path) -> Iterator[None]:
    """Whoever stops the run, or meets an error, learns how it goes on."""
    try:
        yield
    finally:
        if journal.exists():
            say(f"what is done is kept in '{journal}': the same command goes on from there")


def tell_summary(summary: Summary) -> None:
    """What came out, and the first failures."""
    new = summary.photos - summary.resumed
    rate = f"{new:,} photos in {summary.seconds:.1f} s ({new / max(summary.seconds, 1e-9):,.0f}/s)"
    earlier = f", and {summary.resumed:,} earlier" if summary.resumed else ""
    say(f"{summary.events:,} events predicted from {rate}{earlier}")
    if summary.failed:
        listed = f"are listed in '{summary.failures}'" if summary.failures.exists() else "will be listed by `ctc merge`"
        warn(f"{summary.failed:,} failed and {listed}:")
        for failure in summary.first_failures:
            say(f"  '{failure.path}': {failure.reason}")


def exit_code(summary: Summary) -> int:
    return PARTLY_FAILED if summary.failed else 0
