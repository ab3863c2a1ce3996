"""Find the input format of a source."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

from ctc.errors import PluginError, UsageError
from ctc.plugin.records import InputFormat

log = logging.getLogger(__name__)


def recognize_format(source: Path, formats: Iterable[InputFormat]) -> InputFormat:
    """Return the only one of `formats` that recognizes `source`.

    General formats count where no other recognizes it. A format whose plugin fails is skipped with
    a warning. Raises UsageError if no format or several formats recognize the source.
    """
    formats = list(formats)
    every = [input_format for input_format in formats if _recognizes(input_format, source)]
    found = [input_format for input_format in every if not input_format.is_general] or every
    if len(found) == 1:
        return found[0]
    names = ", ".join(f"'{input_format.name}'" for input_format in found or formats)
    problem = (
        f"several input formats recognize '{source}': {names}"
        if found
        else f"no input format recognizes '{source}': there are {names}"
    )
    raise UsageError(f"{problem}; name one: `ctc inventory FORMAT {source}`")


def _recognizes(input_format: InputFormat, source: Path) -> bool:
    try:
        return input_format.recognizes(source)
    except PluginError as error:
        log.warning("%s", error)
        return False
