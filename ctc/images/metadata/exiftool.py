"""Read what cameras tell of themselves with the program exiftool, https://exiftool.org.

A process serves any number of photos (option `-stay_open`): it is asked for one at a time, and
answers in JSON and a line `{ready1}`.
"""

from __future__ import annotations

import os
import queue
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from ctc.errors import CtcError, UsageError
from ctc.images.metadata.exif import Exif
from ctc.images.metadata.exiftool_tags import TAGS, parse_answer
from ctc.storage.ordered_map import map_in_order

PROGRAM = "exiftool"
_READY = b"{ready1}"
_PHOTOS_PER_TASK = 16
_MAX_PROCESSES = 8
_SECONDS_TO_END = 5
_FIRST_OPTIONS = ["-config", "", "-stay_open", "True", "-@", "-", "-common_args"]
_OPTIONS = ["-json", "-G1", "-a", "-n", "-fast", "-q", "-q", *(f"-{tag}" for tag in TAGS)]
"""Of each photo: groups of tags in the keys, all of equal tags, numbers rather than words."""


def find_exiftool() -> str | None:
    """Return the path of the program, None if it is not installed."""
    return shutil.which(PROGRAM)


class ExifToolError(CtcError):
    """The program ended before it had answered."""


class ExifTool:
    """A process that reads photos, until it is closed."""

    def __init__(self, program: str) -> None:
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the process
        try:
            self._process = subprocess.Popen(
                [program, *_FIRST_OPTIONS, *_OPTIONS],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
            )
        except OSError as error:
            self._errors.close()
            raise UsageError(
                f"'{program}' can't be started: {error.strerror or error}: "
                "use --camera-data builtin, or install exiftool anew"
            ) from None

    def close(self) -> None:
        """End the process; it is killed if it doesn't end within 5 seconds."""
        try:
            self._process.communicate(b"-stay_open\nFalse\n", _SECONDS_TO_END)
        except (OSError, subprocess.TimeoutExpired):  # it has ended by itself, or hangs
            self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._errors):
            with suppress(OSError):  # what was left to write to a process that has ended
                if pipe:
                    pipe.close()

    def read(self, path: str) -> Exif:
        """Return what the photo or clip tells; empty where exiftool can't read it.

        Raises ExifToolError if the process ends instead of answering.
        """
        try:
            return parse_answer(self._ask(path))
        except OSError:
            raise self._describe_end(path) from None

    def _ask(self, path: str) -> bytes:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None  # noqa: PT018 - pipes were asked for
        stdin.write(_argument(path) + b"\n-execute1\n")
        stdin.flush()
        lines = []
        while (line := stdout.readline()).strip() != _READY:
            if not line:
                raise BrokenPipeError
            lines.append(line)
        return b"".join(lines)

    def _describe_end(self, path: str) -> ExifToolError:
        self._process.wait()
        self._errors.seek(0)
        said = self._errors.read().decode(errors="replace").split("\n")
        last = next((line.strip() for line in reversed(said) if line.strip()), "no message")
        return ExifToolError(
            f"exiftool ended at '{path}' with exit code {self._process.returncode}: {last}: "
            "use --camera-data builtin, or leave the photo out"
        )


class ExifToolPool:
    """Processes of exiftool, one per core and 8 at most, that start when they are needed.

    `read`: number of photos that were read.
    """

    def __init__(self, program: str, processes: int | None = None) -> None:
        self._program = program
        self._processes = processes or min(_MAX_PROCESSES, os.cpu_count() or 1)
        self._idle: queue.SimpleQueue[ExifTool] = queue.SimpleQueue()
        self.read = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with suppress(queue.Empty):
            while True:
                self._idle.get_nowait().close()

    def read_all(self, paths: Iterable[str | Path]) -> Iterator[Exif]:
        """Yield what each photo tells, in order; see `ExifTool.read`."""
        remaining = map(str, paths)
        tasks = iter(lambda: list(islice(remaining, _PHOTOS_PER_TASK)), [])
        with (
            ThreadPoolExecutor(self._processes, "ctc-exiftool") as pool,
            closing(map_in_order(pool, self._read_some, tasks, 2 * self._processes)) as results,
        ):
            for exifs in results:
                self.read += len(exifs)
                yield from exifs

    def _read_some(self, paths: list[str]) -> list[Exif]:
        try:
            tool = self._idle.get_nowait()
        except queue.Empty:
            tool = ExifTool(self._program)
        try:
            return [tool.read(path) for path in paths]
        finally:
            self._idle.put(tool)


def _argument(path: str) -> bytes:
    """Return a line that names the file, whatever is in its name.

    `#[CSTR]` makes exiftool read backslashes as C does; Windows has exiftool read UTF-8.
    """
    text = str(Path(path).absolute())
    if sys.platform == "win32":
        return b"-charset\nfilename=utf8\n" + text.encode()
    if "\n" not in text and "\r" not in text:
        return os.fsencode(text)
    escaped = text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    return b"#[CSTR]" + os.fsencode(escaped)
