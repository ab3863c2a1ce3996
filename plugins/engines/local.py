"""Engine `local`: one worker, this process, one part after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ctc.plugin import Engine, Task, hookimpl


@hookimpl
def ctc_engines() -> list[Engine]:
    return [Engine("local", "this process, part by part as on a cluster", lambda: None, map_parts)]


def map_parts(
    task: Task, parts: Iterator[Any], options: Mapping[str, Any]
) -> Iterator[tuple[Any, Any]]:
    """Yield (part, result) for all parts; the task is opened when the first part comes."""
    process = None
    for part in parts:
        process = process or task.open()
        yield part, process(part)
