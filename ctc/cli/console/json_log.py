"""The JSON log of `--log-json`: one JSON object per message, whatever is shown on stderr.

    {"time": "2026-01-02T03:04:05.678+00:00", "kind": "start", "version": "3.0.0", "arguments": […]}
    {"time": …, "kind": "message" | "detail" | "warning" | "error", "text": …}
    {"time": …, "kind": "progress", "what": "predict", "done": 1200, "total": 5000, "failed": 3,
     "note": ""}
    {"time": …, "kind": "request", "client": "127.0.0.1", "method": "POST",
     "path": "/v1/models/model:predict", "status": 200, …}
    {"time": …, "kind": "end", "exit_code": 0, "seconds": 12.3}

`ctc serve --log-format json` has its own keys, `level` and `message`, which log collectors expect.
"""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import IO

from ctc._version import __version__
from ctc.storage.json_lines import json_line


class JsonLog:
    """A log file that threads may share; writing to a closed one has no effect."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._file: IO[str] | None = None
        self._started_at = 0.0
        self._lock = Lock()

    def open(self, path: Path, arguments: list[str]) -> None:
        """Open the file at `path` for appending.

        Nothing happens when it is open already, as for a command that another command runs.
        """
        if path == self._path and self._file:
            return
        self.close()
        self._file = path.open("a", encoding="utf-8", errors="backslashreplace", buffering=1)
        self._path, self._started_at = path, time.monotonic()
        self.write("start", version=__version__, arguments=arguments)

    def write(self, kind: str, **values: object) -> None:
        """Write one line; raise OSError when the file can't be written."""
        with self._lock:
            if self._file:
                line = json_line({"kind": kind, **values}, time.time(), ascii_only=False)
                self._file.write(line + "\n")

    def end(self, exit_code: int) -> None:
        """Write the last line, if possible, and close the file."""
        with suppress(OSError):
            self.write(
                "end", exit_code=exit_code, seconds=round(time.monotonic() - self._started_at, 3)
            )
        self.close()

    def close(self) -> None:
        """Close the file; ignore an error, which may come from lines that are still buffered."""
        file, self._file = self._file, None
        if file:
            with suppress(OSError):
                file.close()
