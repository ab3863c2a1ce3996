"""Messages of `ctc dataset`: the plan, the estimate of a dry run, and the result."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from datetime import timedelta

import click
import numpy as np

from ctc.artifacts.dataset import LEFT_OUT, MULTIPLE_OBSERVATIONS, TRAIN
from ctc.cli.console.console import info, warn
from ctc.cli.console.formatting import format_bytes
from ctc.dataset.build import BuildResult
from ctc.dataset.estimate import estimate_build
from ctc.dataset.plan import DatasetPlan
from ctc.dataset.splitting.split_stats import SplitStats, leaked_locations, split_stats
from ctc.reporting import counted

MAX_CLASSES_SHOWN = 5


def print_plan(plan: DatasetPlan) -> None:
    """Print left-out events, shares reached by the splits, and warnings about data leakage."""
    for reason, count in plan.selection.left_out.items():
        remedy = (
            "; --keep-multi-observation keeps them, for `ctc train --multi-label`"
            if reason == MULTIPLE_OBSERVATIONS
            else ""
        )
        warn(f"{counted(count, 'event')} left out: {reason}{remedy}")
    _warn_about_cropping(plan)
    reached = split_stats(plan)
    if plan.config.group_by:
        _print_groups(plan, reached)
    _warn_about_missing_classes(reached)
    if plan.config.group_by:
        return
    both, locations = leaked_locations(plan)
    if both:
        warn(
            f"{both:,} of {counted(locations, 'location')} {'has' if both == 1 else 'have'} events "
            "in more than one split, so the test "
            "accuracy is too high for new locations: --group-by location keeps each in one split"
        )


def print_dry_run(plan: DatasetPlan) -> None:
    """Print a table with the splits, classes, bytes and estimated time on stdout."""
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
    estimate = estimate_build(plan, list(reached.values()))
    read, written = map(format_bytes, (estimate.bytes_read, estimate.bytes_written))
    click.echo(f"to read {read}, to write {written}")
    took = timedelta(seconds=round(estimate.seconds))
    click.echo(
        f"about {took} with {counted(plan.config.threads, 'worker')}, "
        f"estimated from {counted(estimate.sampled, 'photo')}"
    )
    if estimate.failed:
        warn(
            f"{estimate.failed} of {estimate.sampled} sampled photos can't be used: "
            "see `ctc inventory check`"
        )


def print_result(result: BuildResult) -> None:
    """Print the contents of each split, classes with a single event, and left-out photos."""
    manifest, folder = result.dataset.manifest, result.dataset.folder
    for split, shards in manifest.splits.items():
        events, images = (
            sum(shard.events for shard in shards),
            sum(shard.images for shard in shards),
        )
        files = counted(len(shards), "file")
        info(f"{split}: {counted(events, 'event')} with {counted(images, 'photo')} in {files}")
    for label in manifest.labels:
        for i, name in enumerate(label.classes):
            if sum(counts[i] for counts in label.counts.values()) == 1:
                warn(
                    f"class '{name}' of label '{label.name}' has a single event: "
                    f"add photos, or --remove {shlex.quote(f'{label.name}={name}')}"
                )
    if result.failures:
        first = result.failures[0]
        warn(
            f"{counted(len(result.failures), 'photo')} and "
            f"{counted(result.events_lost, 'event')} left out "
            f"(first: '{first.path}': {first.reason}): listed in '{folder / LEFT_OUT}'"
        )
    info(f"wrote '{folder}'")


def _warn_about_cropping(plan: DatasetPlan) -> None:
    chosen = np.unique(np.concatenate(list(plan.selection.splits.values())))
    several = int((plan.selection.events.observation_counts[chosen] > 1).sum())
    if several and plan.config.crop_box is not None:
        warn(
            f"{counted(several, 'event')} {'has' if several == 1 else 'have'} several "
            "observations, but --crop-box keeps one box per photo: an animal may be left out"
        )


def _print_groups(plan: DatasetPlan, reached: Mapping[str, SplitStats]) -> None:
    total = sum(split.events for split in reached.values())
    for name, split in reached.items():
        wanted = plan.config.shares[name]
        info(
            f"{name}: {split.events / total:.1%} of the events ({wanted:.1%} requested), "
            f"{counted(split.groups or 0, 'group')} of '{plan.config.group_by}'"
        )


def _warn_about_missing_classes(reached: Mapping[str, SplitStats]) -> None:
    """Warn about classes without an event in a split: not learnt, or not measured."""
    for name, split in reached.items():
        for label, counts in split.counts.items():
            missing = [f"'{class_name}'" for class_name, count in counts.items() if not count]
            if missing:
                more = " …" if len(missing) > MAX_CLASSES_SHOWN else ""
                effect = ", which the model then can't learn" if name == TRAIN else ""
                warn(
                    f"split '{name}' has no event of "
                    f"{counted(len(missing), 'class', 'classes')} of '{label}'{effect}: "
                    f"{', '.join(missing[:MAX_CLASSES_SHOWN])}{more}"
                )


def _format_table(rows: Iterable[tuple[str, ...]]) -> Iterable[str]:
    """Yield lines with the first column aligned to the left, the others to the right."""
    rows = list(rows)
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for first, *others in rows:
        cells = [
            first.ljust(widths[0]),
            *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)),
        ]
        yield "  ".join(cells).rstrip()
