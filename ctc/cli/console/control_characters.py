"""Control characters on a terminal: names in files and plugins may hold some that act on it.

They can set its title and colours, hide lines, or type an answer. Here they are shown as Python
writes them: `\\x1b[31m`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

# all but the tab and the line feed; then those that reverse the direction of text
_ACTING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def escape_controls(text: str) -> str:
    """Return the text with visible control characters, tabs and line feeds excepted."""
    return _ACTING.sub(lambda found: ascii(found[0])[1:-1], text)


@contextmanager
def escape_on_terminals() -> Iterator[None]:
    """Within the block, make control characters visible in what goes to a terminal.

    stdout and stderr are replaced where they are terminals; a file or pipe gets what is written.
    """
    before = {name: getattr(sys, name) for name in ("stdout", "stderr")}
    wrapped = {name: _EscapingStream(stream) for name, stream in before.items() if stream.isatty()}
    for name, stream in wrapped.items():
        setattr(sys, name, stream)
    try:
        yield
    finally:
        for name, stream in wrapped.items():
            if getattr(sys, name) is stream:
                setattr(sys, name, before[name])


def drawing_stream(stream: TextIO) -> TextIO:
    """Return the terminal itself, for what draws on it with control characters."""
    return cast(TextIO, getattr(stream, "rich_proxied_file", stream))


class _EscapingStream:
    """A text stream on a terminal; `rich_proxied_file`, which rich looks for, is the terminal."""

    def __init__(self, stream: TextIO) -> None:
        self.rich_proxied_file = stream

    def write(self, text: str) -> int:
        self.rich_proxied_file.write(escape_controls(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.rich_proxied_file, name)
