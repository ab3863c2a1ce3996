"""Messages of the commands with a photo task, such as `ctc predict`, and of `ctc merge`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ctc.cli.console.console import debug, info, warn
from ctc.cli.registry import PARTLY_FAILED
from ctc.reporting import counted

if TYPE_CHECKING:
    from ctc.inference.config import Summary
    from ctc.inference.run.photo_run import PhotoRun


def print_run_info(run: PhotoRun) -> None:
    """Print notes on sources and model, the runtime, and whether an earlier run is resumed."""
    for note in run.source_notes:
        warn(note)
    for note in run.header.notes:
        info(note)
    if run.update_note:
        info(run.update_note)
    info(f"the network runs on '{run.runtime.provider}'")
    debug(
        f"precision {run.runtime.precision}, batch size {run.runtime.batch_size}, "
        f"{counted(run.runtime.threads, 'CPU core')}"
    )
    if run.journal and run.journal.exists():
        if run.resumes:
            info(f"resuming from '{run.journal}'; delete it to start over")
        else:
            info(f"starting over: '{run.journal}' is of another run and is replaced")


def print_dry_run(run: PhotoRun) -> None:
    """Print on stdout what would be written, and an estimate of the time."""
    from ctc.inference.run.dry_run import estimate_run

    labels = (
        f"{label} ({counted(len(classes), 'class', 'classes')})"
        for label, classes in run.header.schema.labels.items()
    )
    settings = run.header.settings
    categories = (name for name, _ in settings.get("categories", ()))
    features = [counted(size, "feature")] if (size := settings.get("feature_size")) else []
    answers = ", ".join([*labels, *categories, *features])
    click.echo(f"model    {run.header.model}: {answers}")
    click.echo(
        f"network  {run.runtime.precision} on '{run.runtime.provider}', batch size "
        f"{run.runtime.batch_size}, {counted(run.runtime.threads, 'CPU core')}"
    )
    click.echo(f"output   '{run.target}', {run.format.name}")
    found = estimate_run(run)
    took = timedelta(seconds=round(found.seconds))
    known = f", and {found.taken_over:,} taken over" if found.taken_over else ""
    rate = (
        f": about {took} at {found.photos_per_second:,.1f}/s, "
        f"estimated from {found.sampled_photos:,} of them"
    )
    click.echo(f"photos   {found.photos:,}{known}{rate if found.photos else ''}")
    if found.failures:
        first = found.failures[0]
        warn(f"{len(found.failures)} of these failed, the first: '{first.path}': {first.reason}")


@contextmanager
def resume_hint_on_exit(journal: Path | None) -> Iterator[None]:
    """Print how to resume, if the block ends or fails before the run is complete."""
    try:
        yield
    finally:
        if journal and journal.exists():
            info(f"progress saved in '{journal}': run the same command again to resume")


def print_summary(summary: Summary, done: str = "predicted") -> None:
    """Print how many events and photos were `done`, and the first failures."""
    new = summary.photos - summary.resumed - summary.taken_over
    seconds = f"{summary.seconds:.1f} s ({new / max(summary.seconds, 1e-9):,.0f}/s)"
    earlier = [f"{summary.resumed:,} in an earlier run"] if summary.resumed else []
    if summary.taken_over or summary.gone is not None:
        earlier.append(f"{summary.taken_over:,} taken over")
    rate = ", ".join([f": {new:,} in {seconds}", *earlier]) if earlier else f" in {seconds}"
    photos = counted(summary.photos, "photo")
    info(f"{counted(summary.events, 'event')} {done} from {photos}{rate}")
    if summary.gone:
        info(f"{counted(summary.gone, 'earlier photo')} gone, and so without a row")
    if summary.set_aside is not None:
        info(f"{counted(summary.set_aside, 'box', 'boxes')} set aside, at places of --repeats")
    if summary.left_out:
        info(f"{counted(summary.left_out, 'photo')} without an animal, and so without a row")
    for line in summary.decided:
        info(line)
    if summary.failed:
        listed = (
            f"{'is' if summary.failed == 1 else 'are'} listed in '{summary.failures}'"
            if summary.failures.exists()
            else "will be listed by `ctc merge`"
        )
        warn(f"{summary.failed:,} failed and {listed}:")
        for failure in summary.first_failures:
            info(f"  '{failure.path}': {failure.reason}")
    if summary.truncated:
        info(
            f"  {counted(summary.truncated, 'truncated file')} can be used, without what is "
            "missing: add --truncated use"
        )
    for note in summary.notes:
        warn(note)


def exit_code(summary: Summary) -> int:
    """Return the exit code: 3 when photos failed."""
    return PARTLY_FAILED if summary.failed else 0
