"""Reading of journals and part files; see `journal.py` for their lines."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import Any

from ctc.errors import InputError, reason
from ctc.inference.journal.header import RunHeader
from ctc.inference.journal.lines import (
    BLOCK_BYTES,
    decode_line,
    is_end,
    is_intact,
    read_lines,
    require_regular_file,
)
from ctc.inference.journal.records import from_record
from ctc.inference.task import AnswerCodec, EventT, PhotoT, TaskResult
from ctc.storage.remote_files import local_copy


def read_seal(path: Path) -> Mapping[str, Any] | None:
    """Return what `Journal.seal` wrote as the last line of the journal at `path`, or None."""
    try:
        require_regular_file(path)
        with path.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - BLOCK_BYTES))
            last = (file.readlines() or [b""])[-1]
    except (OSError, InputError):
        return None
    if not (is_intact(last) and is_end(last)):
        return None
    written = decode_line(last).get("written")
    return written if isinstance(written, dict) else None


def read_header(path: Path) -> RunHeader | None:
    """Return the header of a journal or part file.

    None when there is no file, or its first line was never completed. Raises InputError for a file
    of another kind.
    """
    try:
        require_regular_file(local_copy(path))
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
        raise InputError(
            f"'{path}' is not a journal of `ctc predict`, `detect` or `embed`: {error}"
        ) from None


def read_part(path: Path, codec: AnswerCodec[PhotoT, EventT]) -> Iterator[TaskResult[EventT]]:
    """Yield the results of a part file. Raises InputError when it is not complete."""
    is_complete = yield from read_results(path, codec)
    if not is_complete:
        raise InputError(f"part '{path}' is not complete: run the command that makes it again")


def read_results(
    path: Path, codec: AnswerCodec[PhotoT, EventT]
) -> Generator[TaskResult[EventT], None, bool]:
    """Yield the results; return whether an end line with their number follows."""
    expected = 0
    for line in read_lines(path):
        try:
            record = decode_line(line)
            # an interrupted flush may have left a line twice
            if isinstance(record, list) and record[0] == expected:
                result = from_record(record[1:], codec)
            elif is_end(line):
                return bool(record["end"] == expected)
            else:
                continue
        except InputError as error:
            raise InputError(
                f"'{path}' is damaged at result {expected + 1:,}, {error}: delete it to start over"
            ) from None
        expected += 1
        yield result
    return False
