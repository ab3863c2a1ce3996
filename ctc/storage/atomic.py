"""Atomic writes: a file or folder appears under its name only when it is complete."""

from __future__ import annotations

import errno
import os
import platform
import re
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import gettempdir

from ctc.errors import CtcError, reason
from ctc.storage.paths import is_remote, path_beside
from ctc.storage.remote_files import remove_remote, upload

_PARTIAL_SUFFIX = ".partial"
_PROCESS = re.compile(rf"\d+\.[0-9a-f]+{re.escape(_PARTIAL_SUFFIX)}")
_OWNER = re.compile(rf"\.(\d+)\.([0-9a-f]{{8}})[0-9a-f]{{8}}{re.escape(_PARTIAL_SUFFIX)}$")
"""Process and host in the name of a temporary file; see `temp_path`."""
_FULL_OR_READ_ONLY = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO}


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yield a temporary path for a file or folder, which becomes `path` when the block ends.

    An existing `path` is replaced. If the block raises, the temporary path is removed. What killed
    processes left over from the same `path` is removed first. An OSError names `path`, never the
    temporary path. See `temp_path`, and `commit` for folders at remote places.
    """
    if not is_remote(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_abandoned(path)
    partial = temp_path(path)
    try:
        yield partial
        if not partial.is_dir():
            sync_file(partial)
        commit(partial, path)
    except OSError as error:
        remove(partial)
        is_partial_error = str(error.filename) == str(partial)
        if is_partial_error or (error.filename is None and error.errno in _FULL_OR_READ_ONLY):
            error.filename = str(path)
        raise
    except BaseException:
        remove(partial)
        raise


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Let an OSError that names no file name `path`: one of a write to an open file doesn't."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(path)
        raise


def check_writable(path: Path, is_folder: bool = False) -> None:
    """Raise CtcError unless the file or folder `path` can be written, before any work is done.

    A file is created and removed in the nearest folder that exists. With `is_folder`, files are to
    be written into `path`. Remote places are not checked.
    """
    if is_remote(path):
        return
    folder = path if is_folder else path.parent
    try:
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        target = folder / (path.name or "output")  # '.' has no name
        probe = temp_path(target)
        remove_abandoned(target)
        os.close(os.open(probe, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        probe.unlink()
    except OSError as error:
        raise CtcError(
            f"'{path}' can't be written: {reason(error)}; choose another --output"
        ) from None


def remove_abandoned(path: Path) -> None:
    """Remove temporary files and folders of `path` whose process on this host has ended."""
    for name in _abandoned(path.parent):
        if is_partial(path.with_name(name), path):
            remove(path.with_name(name))


@cache
def _abandoned(folder: Path) -> tuple[str, ...]:
    """Return the names of abandoned temporary files in `folder`; it is listed once per process.

    There are none in a folder that may not be listed.
    """
    if os.name == "posix" and not os.access(folder, os.R_OK):
        return ()
    found = ((path.name, _OWNER.search(path.name)) for path in folder.iterdir())
    return tuple(
        name
        for name, owner in found
        if owner and owner[2] == _host_token() and not _is_running(int(owner[1]))
    )


def _is_running(process: int) -> bool:
    """Return whether the process exists; always True on Windows, which has no signal 0."""
    if os.name != "posix":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@cache
def _host_token() -> str:
    """Return 8 hex digits that differ between hosts and between containers of a host."""
    try:
        processes = str(Path("/proc/self/ns/pid").readlink())
    except OSError:  # not on Linux
        processes = ""
    return f"{zlib.crc32(f'{platform.node()} {processes}'.encode()):08x}"


def temp_path(path: Path) -> Path:
    """Return a new temporary name in the folder of `path`: `.NAME.PROCESS.HOST+RANDOM.partial`.

    For a remote `path`, it is in this machine's folder for temporary files (`TMPDIR`). Raises
    UsageError for '.' and '/', which can't be replaced.
    """
    owner = f"{os.getpid()}.{_host_token()}{os.urandom(4).hex()}"
    name = f".{path.name}.{owner}{_PARTIAL_SUFFIX}"
    return Path(gettempdir(), name) if is_remote(path) else path_beside(path, name)


def another_temp_path(partial: Path) -> Path:
    """Return a new temporary name for what is written to the temporary path `partial` next.

    After a kill it is removed together with `partial`.
    """
    target = _OWNER.sub("", partial.name)
    return temp_path(partial if target == partial.name else partial.with_name(target[1:]))


def is_partial(path: Path, target: Path | None = None) -> bool:
    """Return whether `path` has the name of a temporary file of `temp_path`, of `target` if given.

    Such files are left over when a process is killed.
    """
    name = path.name
    if target is None:
        return name.startswith(".") and name.endswith(_PARTIAL_SUFFIX)
    start = f".{target.name}."
    return name.startswith(start) and _PROCESS.fullmatch(name.removeprefix(start)) is not None


def commit(partial: Path, path: Path) -> None:
    """Move a finished file or folder to `path`, or upload it there.

    The files of a folder are uploaded one by one, so a remote folder is not replaced atomically.
    """
    if is_remote(path):
        if partial.is_dir():
            remove_remote(path)
        upload(partial, path)
        remove(partial)
        return
    if partial.is_dir():
        _replace_folder(partial, path)
    else:
        partial.replace(path)
    sync_folder(path.parent)


def write_text(path: Path, text: str) -> None:
    """Write a small UTF-8 text file atomically."""
    with atomic_write(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")


def sync_file(path: Path) -> None:
    """Wait until the contents of the file are on the disk."""
    with path.open("rb+") as handle:
        os.fsync(handle.fileno())


def sync_folder(path: Path) -> None:
    """Wait until the entries of the folder are on the disk; does nothing on Windows."""
    if os.name != "posix":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove(path: Path) -> None:
    """Remove a file, or a folder with its contents, if it exists."""
    if is_remote(path):
        remove_remote(path)
    elif path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def remove_at_once(path: Path) -> None:
    """Remove a file or folder; a kill leaves no half of it, but a temporary name at most."""
    if not is_remote(path) and path.is_dir():
        path = path.replace(temp_path(path))
    remove(path)


def _replace_folder(partial: Path, path: Path) -> None:
    """Replace a folder: since that takes two steps, the old one is renamed first."""
    old = temp_path(path)
    if path.exists():
        path.replace(old)
    partial.replace(path)
    remove(old)
