"""Atomic writes: a file or folder appears under its name only when it is complete."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir

from ctc.storage.paths import is_remote
from ctc.storage.remote_files import remove_remote, upload

_PARTIAL_SUFFIX = ".partial"
_PROCESS = re.compile(rf"\d+\.[0-9a-f]+{re.escape(_PARTIAL_SUFFIX)}")


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yield a temporary path for a file or folder, which becomes `path` when the block ends.

    An existing `path` is replaced. If the block raises, the temporary path is removed. See
    `temp_path`, and `commit` for folders at remote places.
    """
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
    """Return a new temporary name in the folder of `path`.

    For a remote `path`, it is in this machine's folder for temporary files (`TMPDIR`).
    """
    name = f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}{_PARTIAL_SUFFIX}"
    return Path(gettempdir(), name) if is_remote(path) else path.with_name(name)


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


def _replace_folder(partial: Path, path: Path) -> None:
    """Replace a folder: since that takes two steps, the old one is renamed first."""
    old = path.with_name(f".{path.name}.{os.getpid()}.old")
    if path.exists():
        path.replace(old)
    partial.replace(path)
    remove(old)
