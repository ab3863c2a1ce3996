from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from ctc.storage.file_lock import WINDOWS_LOCK_OFFSET, try_lock

HOLD_LOCK = (
    "import fcntl, sys; f = open(sys.argv[1], 'rb+'); f.seek(int(sys.argv[2])); {};"
    " print(flush=True); sys.stdin.read()"
)
posix = pytest.mark.skipif(sys.platform == "win32", reason="compares with the locks of POSIX")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "file").write_bytes(b"content")
    return tmp_path / "file"


def test_try_lock_is_exclusive(path: Path) -> None:
    with path.open("rb+") as first, path.open("rb+") as second:
        assert [try_lock(first), try_lock(second)] == [True, False]
        first.close()
        assert try_lock(second)


@posix
@pytest.mark.subprocess
def test_try_lock_respects_other_processes(path: Path) -> None:
    with holder(path, "fcntl.flock(f, fcntl.LOCK_EX)"), path.open("rb+") as file:
        assert not try_lock(file)


@posix
def test_try_lock_on_windows_locks_one_byte_beyond_the_content(path: Path, windows) -> None:
    with path.open("rb+", buffering=0) as file:
        file.seek(3)
        assert try_lock(file)
        assert (file.tell(), path.read_bytes()) == (3, b"content")
    assert windows == [(WINDOWS_LOCK_OFFSET, 1)]


@posix
@pytest.mark.subprocess
def test_try_lock_on_windows_respects_other_processes(path: Path, windows) -> None:
    with (
        holder(path, "fcntl.lockf(f, fcntl.LOCK_EX, 1, 0, 1)"),
        path.open("rb+", buffering=0) as file,
    ):
        assert not try_lock(file)
    assert windows == []


@pytest.fixture
def windows(monkeypatch) -> list[tuple[int, int]]:
    """Emulate msvcrt with the byte locks of POSIX; returns the offset and size of each lock."""
    import fcntl
    import os

    taken: list[tuple[int, int]] = []

    def locking(descriptor: int, mode: int, size: int) -> None:
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, size, 0, os.SEEK_CUR)
        except BlockingIOError:
            raise PermissionError(13, "Permission denied") from None
        taken.append((os.lseek(descriptor, 0, os.SEEK_CUR), size))

    monkeypatch.setitem(sys.modules, "msvcrt", SimpleNamespace(locking=locking, LK_NBLCK=2))
    monkeypatch.setattr(sys, "platform", "win32")
    return taken


@contextmanager
def holder(path: Path, how: str) -> Iterator[None]:
    """Let another process lock the file within the block."""
    command = [sys.executable, "-c", HOLD_LOCK.format(how), str(path), str(WINDOWS_LOCK_OFFSET)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        try:
            yield
        finally:
            process.communicate()
