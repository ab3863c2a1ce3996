"""The journal of a run: an append-only file of its results, from which an interrupted run resumes.

    1c2d3e4f {"identity": …, "created": …}   the header
    5a6b7c8d [0, [], ["a.jpg", …]]           a result and its number, in the order of the events
    …
    9e0f1a2b {"end": 1234, "written": …}     the number of results, once they are complete

Each line begins with the CRC-32 of its JSON. Lines are written in order, so a torn or wrong line
marks where a crash happened; it and what follows are dropped. `written` describes the output that
is about to be put in place; a part file has none.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Generic, Self

from ctc.errors import InputError
from ctc.inference.journal.header import RunHeader
from ctc.inference.journal.lines import (
    decode_line,
    encode_line,
    is_end,
    read_lines,
    require_regular_file,
)
from ctc.inference.journal.reader import read_header, read_results
from ctc.inference.journal.records import to_record
from ctc.inference.task import AnswerCodec, EventT, TaskResult
from ctc.storage.atomic import commit, naming, remove
from ctc.storage.cache import journal_cache_path
from ctc.storage.file_lock import acquire_lock
from ctc.storage.paths import is_remote, path_beside

SUFFIX = ".journal"
FLUSH_SECONDS = 5.0
FLUSH_PHOTOS = 1_000


def journal_path(output: Path) -> Path:
    """Return the path of the journal of `output`: next to it, or in the cache if it is remote.

    Raises UsageError for an output such as '.' and '/'.
    """
    if is_remote(output):
        return journal_cache_path(output, SUFFIX)
    return path_beside(output, output.name + SUFFIX)


class Journal(Generic[EventT]):
    """A journal that is open for one run and locked against others.

    `completed`: the number of results in it. Leaving the `with` block by an exception keeps the
    journal; at the end of the block it is removed, or becomes the part file that `finalize` names.
    """

    def __init__(self, path: Path, header: RunHeader, codec: AnswerCodec[Any, EventT]) -> None:
        """Resume the journal at `path` if it has this header, else start a new one.

        `codec`: of the answers.
        Raises InputError when another run has it open.
        """
        self.path, self.header, self._codec = path, header, codec
        self.completed = 0
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = open_journal(path)
        self._lines: list[bytes] = []
        self._unflushed_photos = 0
        self._last_flush = time.monotonic()
        self._finalized_path: Path | None = None
        self._is_sealed = False
        try:
            acquire_lock(self._file, path)
            self._end = self._resume()
        except BaseException:
            self._file.close()
            raise

    def _resume(self) -> int:
        """Drop what is torn and return the offset at which to append.

        An end line is kept until something is appended, since the output may be in place already.
        """
        with suppress(InputError):
            if read_header(self.path) == self.header:
                end, last, kept = 0, b"", 0
                for line in read_lines(self.path):
                    if is_end(line):
                        kept = len(line)
                        break
                    end, last = end + len(line), line
                self.completed = _result_number(decode_line(last)) + 1
                self._file.truncate(end + kept)
                return end
        self._file.truncate(0)
        self._lines.append(encode_line(self.header.to_json()))
        self._end = 0
        try:
            self.flush()
        except OSError:
            self._file.close()
            remove(self.path)  # it would only seem that something is saved
            raise
        return self._end

    def read_results(self) -> Iterator[TaskResult[EventT]]:
        """Yield the results in the journal."""
        return read_results(self.path, self._codec)

    def append(self, result: TaskResult[EventT]) -> None:
        """Append the next result; it reaches the disk within seconds."""
        self._lines.append(encode_line([self.completed, *to_record(result, self._codec)]))
        self.completed += 1
        self._unflushed_photos += result.photos
        if (
            self._unflushed_photos >= FLUSH_PHOTOS
            or time.monotonic() - self._last_flush >= FLUSH_SECONDS
        ):
            self.flush()

    def flush(self) -> None:
        """Write everything to the disk.

        When a signal interrupts it, the next flush writes the same bytes to the same offset again.
        An OSError names the journal.
        """
        data, count = b"".join(self._lines), len(self._lines)
        with naming(self.path):
            self._write(data)
        self._end += len(data)
        del self._lines[:count]
        self._unflushed_photos, self._last_flush = 0, time.monotonic()

    def _write(self, data: bytes) -> None:
        self._file.seek(self._end)
        rest = memoryview(data)
        while rest:
            rest = rest[self._file.write(rest) :]
        if data:
            self._file.truncate()
        os.fsync(self._file.fileno())

    def finalize(self, part: Path) -> None:
        """Mark the journal as complete, if `seal` hasn't; it becomes the file `part` at the end of
        the block."""
        if not self._is_sealed:
            self._lines.append(encode_line({"end": self.completed}))
        self._finalized_path = part

    def seal(self, written: Mapping[str, Any]) -> None:
        """Mark the journal as complete before the output that `written` describes is put in place.

        See `read_seal`.
        """
        self._lines.append(encode_line({"end": self.completed, "written": dict(written)}))
        self._is_sealed = True
        self.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        is_complete = False
        try:
            if kind is not None or self._finalized_path:
                self.flush()
            is_complete = kind is None
        finally:
            self._file.close()
            if is_complete and self._finalized_path:
                commit(self.path, self._finalized_path)
            elif is_complete or not self.completed:
                remove(self.path)


def _result_number(record: Any) -> int:
    """Return the number of a result from 0, or -1 for the header."""
    is_result = isinstance(record, list) and record and isinstance(record[0], int)
    return int(record[0]) if is_result else -1


def open_journal(path: Path) -> IO[bytes]:
    """Open the journal at `path` for reading and writing, unbuffered; create it if it is missing.

    Raises InputError for anything but a regular file: a link could lead anywhere, and a pipe would
    wait for ever.
    """
    if os.path.lexists(path):
        require_regular_file(path, follow_links=False)
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
    return open(os.open(path, flags, 0o666), "rb+", buffering=0)
