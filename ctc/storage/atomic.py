"""A file appears under its name only when it is whole."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir

from ctc.storage.paths import is_remote
from ctc.storage.remote_files import remove_remote, upload

_PARTIAL_SUFFIX = ".partial"


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yield a temporary path to write to (a file or a folder); it takes the name `path`, replacing
    what was there, when the block ends, and is removed when the block raises. See `temp_path`, and
    of folders at remote places `commit`."""
    if not is_remote(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    partial = temp_path(path)
    try:
        yield partial
        if not partial.is_dir():
            sync_file(partial)
        commit(partial, path)
    except BaseException:
        remove(partial)
        raise


def temp_path(path: Path) -> Path:
    """A new name beside `path`; for a remote place in this machine's folder for temporary files
    (`TMPDIR`)."""
    name = f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}{_PARTIAL_SUFFIX}"
    return Path(gettempdir(), name) if is_remote(path) else path.with_name(name)


def is_partial(path: Path, target: Path | None = None) -> bool:
    """Return whether `path` has the name of a temporary file of `temp_path`, of `target` if given.

    Such files are left over when a process is killed.
    """
    start = "." if target is None else f".{target.name}."
    return path.name.startswith(start) and path.name.endswith(_PARTIAL_SUFFIX)


def commit(partial: Path, path: Path) -> None:
    """A finished file or folder takes its name, or goes to its remote place: a folder's files there
    one by one."""
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
    """Write a small UTF-8 text file whole."""
    with atomic_write(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")


def sync_file(path: Path) -> None:
    """Return when the file's bytes are on the disk."""
    with path.open("rb+") as handle:
        os.fsync(handle.fileno())


def sync_folder(path: Path) -> None:
    """Return when the folder's names are on the disk, where the system can do that (Windows
    can't)."""
    if os.name != "posix":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove(path: Path) -> None:
    """Remove a file or a whole folder, if it is there."""
    if is_remote(path):
        remove_remote(path)
    elif path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _replace_folder(partial: Path, path: Path) -> None:
    """A folder can't be replaced in one step: the old one steps aside first."""
    old = path.with_name(f".{path.name}.{os.getpid()}.old")
    if path.exists():
        path.replace(old)
    partial.replace(path)
    remove(old)
