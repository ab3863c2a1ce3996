"""The engine `local`: one worker, this process, which does part after part."""

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
    """Nothing is opened when there is no part."""
    do = None
    for part in parts:
        do = do or task.open()
        yield part, do(part)
