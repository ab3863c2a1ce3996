"""Write results as an output and a list of failures, both put in place when they are complete."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from ctc.artifacts.failures import EXCEL_OPTION, FailureFile, failure_path
from ctc.inference.decisions.decision import Decisions
from ctc.inference.decisions.registry import FACTORIES
from ctc.inference.journal.header import RunHeader
from ctc.inference.run.chunks import chunks_folder
from ctc.inference.run.corrected_times import correct_entries, correction_of
from ctc.inference.run.stats import RunStats
from ctc.inference.task import TaskResult
from ctc.plugin import OutputContext, OutputFormat
from ctc.storage.atomic import atomic_write, is_partial, remove
from ctc.storage.paths import is_remote, parse_path
from ctc.storage.urls import redact_urls

TIME_RESOLUTION = 2.0
"""Seconds between two times of change that FAT takes for the same."""


class ResultStream(NamedTuple):
    """The results of a run, and the function that marks what keeps them as complete.

    `seal` gets a description of the output, which JSON can represent, before the output is put in
    place.
    """

    results: Iterator[TaskResult[Any]]
    seal: Callable[[Mapping[str, Any]], None]


class _NoAnswerError(Exception):
    """Raised to leave the block that would put an empty output in place."""


def output_context(header: RunHeader, options: Mapping[str, Any]) -> OutputContext:
    """Return what an output format gets to know about a run."""
    labels, image_root = header.schema.labels, parse_path(redact_urls(header.image_root))
    notes = tuple(map(redact_urls, header.notes))
    return OutputContext(
        header.model,
        labels,
        header.created,
        image_root,
        options,
        notes,
        aggregation=header.identity.get("--aggregation", ""),
        version=header.identity.get("ctc", ""),
        provenance=header.provenance,
        input_size=header.input_size,
        model_digest=header.identity.get("model", ""),
        settings=header.settings,
    )


def write_output(
    results: ResultStream,
    output: Path,
    output_format: OutputFormat,
    context: OutputContext,
    stats: RunStats,
) -> tuple[str, ...]:
    """Write both files, and return what decisions tell; without any answer, only the list of
    failures.

    Before they are put in place, the list of failures first, `results.seal` gets what
    `is_own_output` needs to recognise them after a kill.
    """
    _remove_leftovers(output)
    decisions = Decisions.from_settings(context.settings, FACTORIES)
    correction = correction_of(context.settings)
    with suppress(_NoAnswerError), atomic_write(output) as partial:
        for_excel = bool(context.options.get(EXCEL_OPTION))
        with FailureFile(failure_path(output), for_excel) as failures:
            answers = stats.entries(results.results, failures.add)
            entries = decisions.apply(correct_entries(answers, correction))
            output_format.write(entries, partial, context)
            stamp = _stamp(partial) if stats.events else None
            results.seal({"stamp": stamp, **_form(output_format, context.options)})
        if not stats.events:
            raise _NoAnswerError
        decisions.write_files(output)
    told = (correction.summary, *correction.time_notes()) if correction else ()
    return (*told, *decisions.report()) if stats.events else ()


def is_own_output(
    written: Mapping[str, Any] | None,
    output: Path,
    output_format: OutputFormat,
    options: Mapping[str, Any],
) -> bool:
    """Return whether the files of `output` are those of a run that was killed as it finished.

    `written`: what the run passed to `ResultStream.seal`. Its output is in place, or only its list
    of failures. False for a file that was there before, and for one in another format.
    """
    if written is None:
        return False
    if not (output.exists() if is_remote(output) else os.path.lexists(output)):
        return True
    form = _form(output_format, options)
    stamp = written.get("stamp")
    return all(written.get(key) == value for key, value in form.items()) and (
        isinstance(stamp, list) and len(stamp) == 2 and _has_stamp(output, *stamp)
    )


def _form(output_format: OutputFormat, options: Mapping[str, Any]) -> dict[str, Any]:
    return {"format": output_format.name, "options": {key: str(options[key]) for key in options}}


def _stamp(path: Path) -> tuple[int, float]:
    """Return the size of a file, 0 for a folder, and when it was changed; a rename keeps both."""
    status = path.stat()
    return 0 if path.is_dir() else status.st_size, status.st_mtime


def _has_stamp(output: Path, size: int, time: float) -> bool:
    """Return whether the output has the stamp; an upload has a time of its own."""
    if is_remote(output):
        return output.is_dir() or output.stat().st_size == size
    found_size, found_time = _stamp(output)
    return found_size == size and abs(found_time - time) <= TIME_RESOLUTION


def _remove_leftovers(output: Path) -> None:
    """Remove the temporary files of runs that were killed.

    No other run writes this output now, since its journal would be locked.
    """
    targets = output, failure_path(output), chunks_folder(output)
    if not is_remote(output) and output.parent.is_dir():
        for path in output.parent.iterdir():
            if any(is_partial(path, target) for target in targets):
                remove(path)
