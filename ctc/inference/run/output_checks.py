"""What is checked and told before an output is written."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ctc.artifacts.failures import failure_path
from ctc.errors import OutputExistsError, UsageError
from ctc.inference.events.sources import EventCollection
from ctc.inference.events.table import EventTable
from ctc.plugin import OutputFormat
from ctc.plugin.manager import Plugins
from ctc.storage.paths import is_remote


def choose_format(output: Path, name: str | None, plugins: Plugins) -> OutputFormat:
    """The output format called `name`, or the one whose suffix ends the output's name (the longest
    suffix wins)."""
    if name is not None:
        return plugins.get(OutputFormat, name)
    known = {
        suffix: record
        for record in plugins.all(OutputFormat).values()
        for suffix in record.suffixes
    }
    fitting = [suffix for suffix in known if output.name.lower().endswith(suffix)]
    if not fitting:
        listed = ", ".join(f"'{suffix}'" for suffix in sorted(known))
        raise UsageError(
            f"what kind of file shall '{output}' be: end its name with {listed}, or say so with --format"
        )
    return known[max(fitting, key=len)]


def check_overwrite(
    output: Path, output_format: OutputFormat, inputs: Sequence[Path], overwrite: bool
) -> None:
    """Raises UsageError when the output, or the list of failures beside it, must not be written.

    A folder is never replaced, and none is made inside an input folder.
    """
    if output_format.folder and output.is_dir():
        raise UsageError(
            f"output folder '{output}' exists already: choose another --output, or remove it yourself"
        )
    for path in (output, failure_path(output)):
        if path.is_dir():
            raise UsageError(f"output '{path}' is a folder: give the name of a file")
        if path.exists() and not overwrite:
            raise OutputExistsError(path)
    for source in inputs:
        if output.exists() and source.exists() and _is_same_path(output, source):
            raise UsageError(f"output '{output}' is an input as well: choose another --output")
        if (
            output_format.folder
            and source.is_dir()
            and source.resolve() in output.resolve().parents
        ):
            raise UsageError(
                f"output '{output}' is inside the input folder '{source}': choose another --output"
            )


def common_image_root(sources: Sequence[Path], events: EventCollection) -> Path:
    """The folder that holds all sources: a folder itself, what a photo is in, and where a table's
    relative paths start."""
    roots = {part.path: part.root for part in events.sources if isinstance(part, EventTable)}
    starts = [roots.get(source, source if source.is_dir() else source.parent) for source in sources]
    first, *others = (
        start if is_remote(start) else Path(os.path.normpath(start.absolute())) for start in starts
    )
    held = (
        folder
        for folder in (first, *first.parents)
        if all(folder in (other, *other.parents) for other in others)
    )
    return next(held, first)  # none holds places on different drives


def _is_same_path(one: Path, other: Path) -> bool:
    return str(one) == str(other) if is_remote(one) or is_remote(other) else one.samefile(other)
