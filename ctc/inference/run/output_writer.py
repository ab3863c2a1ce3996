"""Outcomes become an output and the list of failures beside it, both in place as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ctc.artifacts.failures import FailureFile, failure_path
from ctc.inference.pipeline.pipeline import EventResult
from ctc.inference.run.stats import RunStats
from ctc.plugin import OutputContext, OutputFormat
from ctc.storage.atomic import atomic_write, is_partial, remove
from ctc.storage.paths import is_remote


class _NothingPredictedError(Exception):
    """Leaves the block that would put an empty output in place."""


def write_output(
    results: Iterator[EventResult],
    output: Path,
    output_format: OutputFormat,
    context: OutputContext,
    stats: RunStats,
) -> None:
    """When not one photo could be predicted, only the failures are written."""
    _remove_leftovers(output)
    with (
        FailureFile(failure_path(output)) as failures,
        suppress(_NothingPredictedError),
        atomic_write(output) as partial,
    ):
        output_format.write(stats.entries(results, failures.add), partial, context)
        if not stats.events:
            raise _NothingPredictedError


def _remove_leftovers(output: Path) -> None:
    """Of runs that were killed: nobody else writes this output, or its journal would be locked."""
    if not is_remote(output) and output.parent.is_dir():
        for path in output.parent.iterdir():
            if is_partial(path, output):
                remove(path)
