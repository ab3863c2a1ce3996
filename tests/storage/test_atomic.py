from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from ctc.errors import CtcError
from ctc.storage import atomic
from ctc.storage.atomic import (
    another_temp_path,
    atomic_write,
    check_writable,
    is_partial,
    remove_at_once,
    temp_path,
    write_text,
)


def test_is_partial_recognises_temp_path(tmp_path: Path) -> None:
    partial = temp_path(tmp_path / "p.csv")
    assert is_partial(partial)
    assert is_partial(partial, tmp_path / "p.csv")
    assert not is_partial(partial, tmp_path / "p")


@pytest.mark.parametrize("name", ["p.partial", ".p.csv", "p.csv"])
def test_is_partial_rejects_other_names(tmp_path: Path, name: str) -> None:
    assert not is_partial(tmp_path / name)


def test_atomic_write_replaces_file_when_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with atomic_write(path) as partial:
        partial.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"


def test_atomic_write_removes_partial_file_on_error(tmp_path: Path) -> None:
    def write() -> None:
        with atomic_write(tmp_path / "a.txt") as partial:
            partial.write_text("new")
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        write()
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def abandoned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The temporary file of a process that was killed while it wrote `p.csv`."""
    monkeypatch.setattr(atomic, "_abandoned", atomic._abandoned.__wrapped__)
    code = (
        "import os, sys, pathlib\n"
        "from ctc.storage.atomic import atomic_write\n"
        "with atomic_write(pathlib.Path(sys.argv[1])) as partial:\n"
        "    partial.write_text('half')\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    killed = subprocess.run([sys.executable, "-c", code, tmp_path / "p.csv"], check=False)
    assert killed.returncode == -9
    (left,) = tmp_path.iterdir()
    return left


@pytest.mark.subprocess
@pytest.mark.skipif(os.name != "posix", reason="Windows has no SIGKILL")
def test_atomic_write_removes_what_a_killed_process_left(abandoned: Path, tmp_path: Path) -> None:
    write_text(tmp_path / "other.csv", "another target")
    assert abandoned.exists()
    write_text(tmp_path / "p.csv", "whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other.csv", "p.csv"]


@pytest.mark.subprocess
@pytest.mark.skipif(os.name != "posix", reason="Windows has no SIGKILL")
def test_atomic_write_keeps_files_of_running_processes_and_other_hosts(
    abandoned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = abandoned.rename(temp_path(tmp_path / "p.csv"))  # named after this process
    write_text(tmp_path / "p.csv", "whole")
    assert running.exists()
    _, name, suffix, _, owner, end = running.name.split(".")
    foreign = f".{name}.{suffix}.999999.{'0' * 8}{owner[8:]}.{end}"
    elsewhere = running.rename(tmp_path / foreign)
    write_text(tmp_path / "p.csv", "again")
    assert elsewhere.exists()


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EISDIR])
def test_atomic_write_names_the_target_in_errors(tmp_path: Path, code: int) -> None:
    def write() -> None:
        with atomic_write(tmp_path / "p.csv") as partial:
            if code == errno.ENOSPC:
                raise OSError(errno.ENOSPC, "No space left on device")
            partial.mkdir()
            partial.write_text("a folder")

    with pytest.raises(OSError, match=r"No space|Is a directory") as found:
        write()
    assert (found.value.errno, found.value.filename) == (code, str(tmp_path / "p.csv"))


@pytest.mark.parametrize("is_folder", [False, True])
def test_check_writable_leaves_nothing(tmp_path: Path, is_folder: bool) -> None:
    check_writable(tmp_path / "new" / "p.csv", is_folder)
    check_writable(tmp_path, is_folder)
    assert list(tmp_path.iterdir()) == []


NOBODY = 65534
"""The user id of `nobody`, who may write less than root."""


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs POSIX permissions")
def test_check_writable_refuses_folder_without_permission() -> None:
    # not in tmp_path, which only its owner may enter
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o555)
        user = os.geteuid()
        if user == 0:
            os.seteuid(NOBODY)
        try:
            with pytest.raises(CtcError, match=r"p\.csv' can't be written: permission denied; c"):
                check_writable(Path(name, "p.csv"))
        finally:
            os.seteuid(user)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs POSIX permissions")
def test_check_writable_refuses_folder_that_can_not_be_entered() -> None:
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o444)
        user = os.geteuid()
        if user == 0:
            os.seteuid(NOBODY)
        try:
            with pytest.raises(CtcError, match=r"p\.csv' can't be written: permission denied; c"):
                check_writable(Path(name, "new", "p.csv"))
        finally:
            os.seteuid(user)
            Path(name).chmod(0o755)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="/proc is read-only everywhere")
def test_check_writable_refuses_unwritable_place() -> None:
    with pytest.raises(CtcError, match=r"'/proc/self/p\.csv' can't be written: "):
        check_writable(Path("/proc/self/p.csv"))


def test_another_temp_path_belongs_to_the_same_target(tmp_path: Path) -> None:
    target = tmp_path / "p.camtrap-dp.zip"
    partial = temp_path(target)
    other = another_temp_path(partial)
    assert other != partial
    assert is_partial(other, target)
    assert is_partial(another_temp_path(target), target)


def test_remove_at_once_removes_folder_and_file(tmp_path: Path) -> None:
    (tmp_path / "folder" / "sub").mkdir(parents=True)
    (tmp_path / "file").touch()
    for name in ("folder", "file", "nothing"):
        remove_at_once(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_remove_at_once_leaves_no_half_folder_under_its_name(tmp_path: Path, monkeypatch) -> None:
    folder = tmp_path / "p.csv.parts"
    folder.mkdir()

    def stop(path: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(atomic.shutil, "rmtree", stop)
    with pytest.raises(KeyboardInterrupt):
        remove_at_once(folder)
    (left,) = tmp_path.iterdir()
    assert is_partial(left, folder)
