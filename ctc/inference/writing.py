"""Outcomes become an output and the list of failures beside it, both in place as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ctc.artifacts.atomic import PARTIAL_SUFFIX, remove, whole_file
from ctc.artifacts.places import is_remote
from ctc.inference.failure_file import FailureFile, failure_path
from ctc.inference.pipeline import Outcome
from ctc.inference.tally import Tally
from ctc.plugin import OutputContext, OutputFormat


class _NothingPredictedError(Exception):
    """Leaves the block that would put an empty output in place."""


def write_output(
    outcomes: Iterator[Outcome], output: Path, output_format: OutputFormat, context: OutputContext, tally: Tally
) -> None:
    """When not one photo could be predicted, only the failures are written."""
    _remove_leftovers(output)
    with FailureFile(failure_path(output)) as failures, suppress(_NothingPredictedError), whole_file(output) as partial:
        output_format.write(tally.entries(outcomes, failures.add), partial, context)
        if not tally.events:
            raise _NothingPredictedError


def _remove_leftovers(output: Path) -> None:
    """Of runs that were killed: nobody else writes this output, or its journal would be locked."""
    if not is_remote(output) and output.parent.is_dir():
        for path in output.parent.iterdir():
            if path.name.startswith(f".{output.name}.") and path.name.endswith(PARTIAL_SUFFIX):
                remove(path)
