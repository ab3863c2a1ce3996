"""The journal of a run: an append-only file of its results, from which an interrupted run resumes.

    1c2d3e4f {"identity": …, "created": …}   the header
    5a6b7c8d [0, [], ["a.jpg", …]]           a result and its number, in the order of the events
    …
    9e0f1a2b {"end": 1234}                   only in a part file: the number of its results

Each line begins with the CRC-32 of its JSON. Lines are written in order, so a torn or wrong line
marks where a crash happened; it and what follows are dropped.
"""

from __future__ import annotations

import os
import time
from collections.abc import Generator, Iterator
from contextlib import suppress
from itertools import takewhile
from pathlib import Path
from types import TracebackType
from typing import Self

from ctc.errors import InputError, reason
from ctc.inference.journal.header import RunHeader
from ctc.inference.journal.lines import (
    BLOCK_BYTES,
    decode_line,
    encode_line,
    is_end,
    is_intact,
    read_lines,
)
from ctc.inference.journal.records import from_record, to_record
from ctc.inference.pipeline.pipeline import EventResult
from ctc.storage.atomic import commit, remove
from ctc.storage.cache import journal_cache_path
from ctc.storage.file_lock import acquire_lock
from ctc.storage.paths import is_remote
from ctc.storage.remote_files import local_copy

SUFFIX = ".journal"
FLUSH_SECONDS = 5.0
FLUSH_PHOTOS = 1_000


def journal_path(output: Path) -> Path:
    """Return the path of the journal of `output`: next to it, or in the cache if it is remote."""
    if is_remote(output):
        return journal_cache_path(output, SUFFIX)
    return output.with_name(output.name + SUFFIX)


class Journal:
    """A journal that is open for one run and locked against others.

    `completed`: the number of results in it. Leaving the `with` block by an exception keeps the
    journal; at the end of the block it is removed, or becomes the part file that `finalize` names.
    """

    def __init__(self, path: Path, header: RunHeader) -> None:
        """Resume the journal at `path` if it has this header, else start a new one.

        Raises InputError when another run has it open.
        """
        self.path, self.header = path, header
        self.completed = 0
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        self._file = path.open("rb+", buffering=0)
        self._lines: list[bytes] = []
        self._unflushed_photos = 0
        self._last_flush = time.monotonic()
        self._finalized_path: Path | None = None
        try:
            acquire_lock(self._file, path)
            self._end = self._resume()
        except BaseException:
            self._file.close()
            raise

    def _resume(self) -> int:
        """Drop what is torn and return the offset at which to append."""
        with suppress(InputError):
            if read_header(self.path) == self.header:
                end, last = 0, b""
                for line in takewhile(lambda line: not is_end(line), read_lines(self.path)):
                    end, last = end + len(line), line
                record = decode_line(last)
                self.completed = record[0] + 1 if isinstance(record, list) else 0
                self._file.truncate(end)
                return end
        self._file.truncate(0)
        self._lines.append(encode_line(self.header.to_json()))
        self._end = 0
        self.flush()
        return self._end

    def read_results(self) -> Iterator[EventResult]:
        """Yield the results in the journal."""
        return _read_results(self.path, self.header)

    def append(self, result: EventResult) -> None:
        """Append the next result; it reaches the disk within seconds."""
        self._lines.append(encode_line([self.completed, *to_record(result)]))
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
        """
        data, count = b"".join(self._lines), len(self._lines)
        self._file.seek(self._end)
        rest = memoryview(data)
        while rest:
            rest = rest[self._file.write(rest) :]
        os.fsync(self._file.fileno())
        self._end += len(data)
        del self._lines[:count]
        self._unflushed_photos, self._last_flush = 0, time.monotonic()

    def finalize(self, part: Path) -> None:
        """Mark the journal as complete; it becomes the file `part` at the end of the block."""
        self._lines.append(encode_line({"end": self.completed}))
        self._finalized_path = part

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if kind is None and not self._finalized_path:
                return
            self.flush()
        finally:
            self._file.close()
            if kind is None and self._finalized_path:
                commit(self.path, self._finalized_path)
            elif kind is None or not self.completed:
                remove(self.path)


def read_header(path: Path) -> RunHeader | None:
    """Return the header of a journal or part file.

    None when there is no file, or its first line was never completed. Raises InputError for a file
    of another kind.
    """
    try:
        with local_copy(path).open("rb") as file:
            first = file.readline(BLOCK_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"'{path}' can't be read: {reason(error)}") from None
    if not first.endswith(b"\n") and len(first) < BLOCK_BYTES:
        return None
    try:
        if not is_intact(first):
            raise InputError("its first line is damaged")
        return RunHeader.from_json(decode_line(first))
    except (InputError, ValueError) as error:
        raise InputError(f"'{path}' is not a journal of `ctc predict`: {error}") from None


def read_part(path: Path, header: RunHeader) -> Iterator[EventResult]:
    """Yield the results of a part file. Raises InputError when it is not complete."""
    is_complete = yield from _read_results(path, header)
    if not is_complete:
        raise InputError(f"part '{path}' is not complete: run the command that makes it again")


def _read_results(path: Path, header: RunHeader) -> Generator[EventResult, None, bool]:
    """Yield the results; return whether an end line with their number follows."""
    expected = 0
    for line in read_lines(path):
        record = decode_line(line)
        # an interrupted flush may have left a line twice
        if isinstance(record, list) and record[0] == expected:
            expected += 1
            yield from_record(record[1:], header.schema)
        elif is_end(line):
            return bool(record["end"] == expected)
    return False
