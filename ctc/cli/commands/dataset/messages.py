"""What `ctc dataset` tells: what the plan leaves out and reaches, what a dry run foresees, what was written."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import click
import numpy as np

from ctc.artifacts.dataset import LEFT_OUT, SEVERAL
from ctc.cli.console.console import say, warn
from ctc.cli.console.formatting import in_bytes
from ctc.dataset.build import BuildResult
from ctc.dataset.estimate import estimate
from ctc.dataset.plan import Plan
from ctc.dataset.split_stats import reach, straddling_locations


def tell_plan(plan: Plan) -> None:
    """What is left out, how near the splits came to their shares, and what makes the splits less honest than they look."""
    for reason, count in plan.selection.left_out.items():
        remedy = "; --keep-multi-observation keeps them, for `ctc train --multi-label`" if reason == SEVERAL else ""
        warn(f"{count:,} events left out: {reason}{remedy}")
    _warn_of_cropping(plan)
    if plan.config.group_by:
        _tell_groups(plan)
        return
    both, locations = straddling_locations(plan)
    if both:
        warn(
            f"{both:,} of {locations:,} locations have events in more than one split, so a model will look better than it is "
            "at a new location: --group-by location keeps each in one"
        )


def show_plan(plan: Plan) -> None:
    """The dry run's table on stdout: splits, classes, bytes and time."""
    reached = reach(plan)
    rows = [("", *reached)]
    rows.append(("events", *(f"{split.events:,}" for split in reached.values())))
    rows.append(("photos", *(f"{split.photos:,}" for split in reached.values())))
    for label, classes in plan.classes.items():
        rows.append((label, *("" for _ in reached)))
        rows += [(f"  {name}", *(f"{split.counts[label][name]:,}" for split in reached.values())) for name in classes]
    for line in _table(rows):
        click.echo(line)
    forecast = estimate(plan, list(reached.values()))
    click.echo(f"to read {in_bytes(forecast.bytes_read)}, to write {in_bytes(forecast.bytes_written)}")
    took = timedelta(seconds=round(forecast.seconds))
    click.echo(f"about {took} with {plan.config.threads} worker(s), judged from {forecast.sampled} photos")
    if forecast.failed:
        warn(f"{forecast.failed} of {forecast.sampled} sampled photos can't be used: see `ctc inventory check`")


def tell_result(result: BuildResult) -> None:
    """What each split holds, lonely classes, and what was left out."""
    manifest, folder = result.dataset.manifest, result.dataset.folder
    for split, shards in manifest.splits.items():
        events, images = sum(shard.events for shard in shards), sum(shard.images for shard in shards)
        say(f"{split}: {events:,} events with {images:,} photos in {len(shards)} file(s)")
    for label in manifest.labels:
        for i, name in enumerate(label.classes):
            if sum(counts[i] for counts in label.counts.values()) == 1:
                warn(
                    f"class '{name}' of label '{label.name}' has a single event: add photos, or --remove '{label.name}={name}'"
                )
    if result.failures:
        first = result.failures[0]
        warn(
            f"{len(result.failures):,} photos left out, and {result.events_lost:,} events with them "
            f"(first: '{first.path}': {first.reason}): all in '{folder / LEFT_OUT}'"
        )
    say(f"wrote '{folder}'")


def _warn_of_cropping(plan: Plan) -> None:
    chosen = np.unique(np.concatenate(list(plan.selection.splits.values())))
    several = int((plan.selection.events.observations[chosen] > 1).sum())
    if several and plan.config.crop_box is not None:
        warn(
            f"{several:,} events have several observations, but --crop-box keeps one box of each photo: an animal may be left out"
        )


def _tell_groups(plan: Plan) -> None:
    reached = reach(plan)
    total = sum(split.events for split in reached.values())
    for name, split in reached.items():
        wanted = plan.config.shares[name]
        say(
            f"{name}: {split.events / total:.1%} of the events ({wanted:.1%} wanted), {split.groups:,} of '{plan.config.group_by}'"
        )
        for label, counts in split.counts.items():
            lacking = [cls for cls, count in counts.items() if not count]
            if lacking:
                shown = ", ".join(f"'{cls}'" for cls in lacking[:5]) + (" …" if len(lacking) > 5 else "")
                warn(f"split '{name}' has no event of {len(lacking)} class(es) of '{label}': {shown}")


def _table(rows: Iterable[tuple[str, ...]]) -> Iterable[str]:
    """The first column to the left, numbers to the right."""
    rows = list(rows)
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for first, *others in rows:
        cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))]
        yield "  ".join(cells).rstrip()
