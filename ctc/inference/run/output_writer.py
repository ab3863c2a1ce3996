"""Write results as an output and a list of failures, both put in place when they are complete."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ctc.artifacts.failures import FailureFile, failure_path
from ctc.inference.journal.header import RunHeader
from ctc.inference.pipeline.pipeline import EventResult
from ctc.inference.run.stats import RunStats
from ctc.plugin import OutputContext, OutputFormat
from ctc.storage.atomic import atomic_write, is_partial, remove
from ctc.storage.paths import is_remote, parse_path


class _NothingPredictedError(Exception):
    """Raised to leave the block that would put an empty output in place."""


def output_context(header: RunHeader, options: Mapping[str, Any]) -> OutputContext:
    """Return what an output format gets to know about a run."""
    labels, image_root = header.schema.labels, parse_path(header.image_root)
    return OutputContext(header.model, labels, header.created, image_root, options, header.notes)


def write_output(
    results: Iterator[EventResult],
    output: Path,
    output_format: OutputFormat,
    context: OutputContext,
    stats: RunStats,
) -> None:
    """Write both files; without any prediction, only the list of failures."""
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
    """Remove the temporary files of runs that were killed.

    No other run writes this output now, since its journal would be locked.
    """
    if not is_remote(output) and output.parent.is_dir():
        for path in output.parent.iterdir():
            if is_partial(path, output) or is_partial(path, failure_path(output)):
                remove(path)
