"""What `ctc dataset` tells: what the plan leaves out and reaches, what a dry run foresees, what was
written."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import click
import numpy as np

from ctc.artifacts.dataset import LEFT_OUT, MULTIPLE_OBSERVATIONS
from ctc.cli.console.console import info, warn
from ctc.cli.console.formatting import format_bytes
from ctc.dataset.build import BuildResult
from ctc.dataset.estimate import estimate_build
from ctc.dataset.plan import DatasetPlan
from ctc.dataset.split_stats import leaked_locations, split_stats


def print_plan(plan: DatasetPlan) -> None:
    """What is left out, how near the splits came to their shares, and what makes the splits less
    honest than they look."""
    for reason, count in plan.selection.left_out.items():
        remedy = (
            "; --keep-multi-observation keeps them, for `ctc train --multi-label`"
            if reason == MULTIPLE_OBSERVATIONS
            else ""
        )
        warn(f"{count:,} events left out: {reason}{remedy}")
    _warn_about_cropping(plan)
    if plan.config.group_by:
        _print_groups(plan)
        return
    both, locations = leaked_locations(plan)
    if both:
        warn(
            f"{both:,} of {locations:,} locations have events in more than one split, so a model will look better than it is "
            "at a new location: --group-by location keeps each in one"
        )


def print_dry_run(plan: DatasetPlan) -> None:
    """The dry run's table on stdout: splits, classes, bytes and time."""
    reached = split_stats(plan)
    rows = [("", *reached)]
    rows.append(("events", *(f"{split.events:,}" for split in reached.values())))
    rows.append(("photos", *(f"{split.photos:,}" for split in reached.values())))
    for label, classes in plan.classes.items():
        rows.append((label, *("" for _ in reached)))
        rows += [
            (f"  {name}", *(f"{split.counts[label][name]:,}" for split in reached.values()))
            for name in classes
        ]
    for line in _format_table(rows):
        click.echo(line)
    forecast = estimate_build(plan, list(reached.values()))
    click.echo(
        f"to read {format_bytes(forecast.bytes_read)}, to write {format_bytes(forecast.bytes_written)}"
    )
    took = timedelta(seconds=round(forecast.seconds))
    click.echo(
        f"about {took} with {plan.config.threads} worker(s), judged from {forecast.sampled} photos"
    )
    if forecast.failed:
        warn(
            f"{forecast.failed} of {forecast.sampled} sampled photos can't be used: see `ctc inventory check`"
        )


def print_result(result: BuildResult) -> None:
    """What each split holds, lonely classes, and what was left out."""
    manifest, folder = result.dataset.manifest, result.dataset.folder
    for split, shards in manifest.splits.items():
        events, images = (
            sum(shard.events for shard in shards),
            sum(shard.images for shard in shards),
        )
        info(f"{split}: {events:,} events with {images:,} photos in {len(shards)} file(s)")
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
    info(f"wrote '{folder}'")


def _warn_about_cropping(plan: DatasetPlan) -> None:
    chosen = np.unique(np.concatenate(list(plan.selection.splits.values())))
    several = int((plan.selection.events.observation_counts[chosen] > 1).sum())
    if several and plan.config.crop_box is not None:
        warn(
            f"{several:,} events have several observations, but --crop-box keeps one box of each photo: an animal may be left out"
        )


def _print_groups(plan: DatasetPlan) -> None:
    reached = split_stats(plan)
    total = sum(split.events for split in reached.values())
    for name, split in reached.items():
        wanted = plan.config.shares[name]
        info(
            f"{name}: {split.events / total:.1%} of the events ({wanted:.1%} wanted), {split.groups:,} of '{plan.config.group_by}'"
        )
        for label, counts in split.counts.items():
            lacking = [cls for cls, count in counts.items() if not count]
            if lacking:
                shown = ", ".join(f"'{cls}'" for cls in lacking[:5]) + (
                    " …" if len(lacking) > 5 else ""
                )
                warn(
                    f"split '{name}' has no event of {len(lacking)} class(es) of '{label}': {shown}"
                )


def _format_table(rows: Iterable[tuple[str, ...]]) -> Iterable[str]:
    """The first column to the left, numbers to the right."""
    rows = list(rows)
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for first, *others in rows:
        cells = [
            first.ljust(widths[0]),
            *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)),
        ]
        yield "  ".join(cells).rstrip()
