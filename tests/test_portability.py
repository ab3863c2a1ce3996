"""Windows and macOS: features of POSIX or Linux are checked before use; paths are portable."""

from __future__ import annotations

import ast
import ntpath
import re
from collections.abc import Iterator
from pathlib import Path, PureWindowsPath
from types import SimpleNamespace

import pytest

from ctc.images.listing.folders import FolderPhotos
from ctc.images.listing.photo_paths import normalize_path
from ctc.storage import paths
from ctc_plugins.formats import folders as class_folders

CHECKOUT = Path(__file__).resolve().parents[1]
NOT_ON_WINDOWS = "ctc/benchmark"
"""Measures processor time and memory as Linux and macOS tell them."""
POSIX_MODULES = {"fcntl", "grp", "pty", "pwd", "resource", "termios", "tty"}
POSIX_NAMES = {
    "os": {
        *(
            "fork",
            "forkpty",
            "getuid",
            "geteuid",
            "getgid",
            "killpg",
            "mkfifo",
            "nice",
            "posix_fadvise",
            "pread",
            "pwrite",
        ),
        *(
            "sched_getaffinity",
            "sched_setaffinity",
            "sendfile",
            "setsid",
            "statvfs",
            "sysconf",
            "uname",
            "waitpid",
        ),
    },
    "signal": {
        "SIGALRM",
        "SIGHUP",
        "SIGKILL",
        "SIGUSR1",
        "SIGUSR2",
        "alarm",
        "pause",
        "setitimer",
        "sigwait",
    },
    "select": {"epoll", "kqueue", "poll"},
    "time": {"clock_gettime", "tzset"},
}
POSIX_METHODS = {"chmod", "hardlink_to", "symlink_to"}
LINUX_ONLY = re.compile(r"^/(proc|sys|dev)(/|$)|%-[dHIjmMSy]")
READY = re.compile(
    r"(has|get)attr\((os|select|signal), |sys\.platform|os\.name|(except |suppress\()OSError"
)


def only_posix(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield line and name of everything that Windows lacks."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, one.name) for one in node.names if one.name in POSIX_MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module in (*POSIX_MODULES, *POSIX_NAMES):
            wanted = POSIX_NAMES.get(node.module, {one.name for one in node.names})
            yield from ((node.lineno, one.name) for one in node.names if one.name in wanted)
        elif isinstance(node, ast.Attribute):
            of = node.value.id if isinstance(node.value, ast.Name) else ""
            if node.attr in POSIX_NAMES.get(of, ()) or node.attr in POSIX_METHODS:
                yield node.lineno, node.attr
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and LINUX_ONLY.search(node.value)
        ):
            yield node.lineno, node.value


def ready(tree: ast.AST, text: str, line: int) -> bool:
    """Return whether a function around the line checks the system or handles its refusal."""
    around = (
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.lineno <= line <= (node.end_lineno or 0)
    )
    return any(READY.search(ast.get_source_segment(text, function) or "") for function in around)


def sources() -> Iterator[tuple[str, str]]:
    """Yield name and text of the modules that run on all systems."""
    for path in (
        path for folder in ("ctc", "plugins") for path in sorted((CHECKOUT / folder).rglob("*.py"))
    ):
        name = path.relative_to(CHECKOUT).as_posix()
        if not name.startswith(NOT_ON_WINDOWS):
            yield name, path.read_text(encoding="utf-8")


def unready(text: str) -> list[str]:
    tree = ast.parse(text)
    return [
        f"line {line}: {name}" for line, name in only_posix(tree) if not ready(tree, text, line)
    ]


def test_posix_only_features_are_checked_before_use() -> None:
    found = {name: unready(text) for name, text in sources()}
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("import fcntl", 1),
        ("def f():\n import os\n os.fork()", 1),
        ("def f():\n if hasattr(os, 'fork'):\n  os.fork()", 0),
        ("def f(p):\n p.symlink_to('x')", 1),
        ("def f(p):\n try:\n  p.symlink_to('x')\n except OSError:\n  p.copy()", 0),
        ("def f(t):\n return t.strftime('%-d')", 1),
        ("X = '/proc/self'", 1),
        ("from signal import SIGALRM, SIGTERM", 1),
    ],
)
def test_unready_finds_posix_only_features(text: str, count: int) -> None:
    assert len(unready(text)) == count


class WindowsPath(PureWindowsPath):
    """As on a machine whose current folder is C:\\work."""

    def absolute(self) -> PureWindowsPath:
        return PureWindowsPath("C:\\work") / self


@pytest.fixture
def windows(monkeypatch) -> None:
    """Let the modules that handle paths see Windows paths."""
    system = SimpleNamespace(name="nt", sep="\\", path=ntpath)
    for module in (class_folders, paths):
        monkeypatch.setattr(module, "os", system)
        monkeypatch.setattr(module, "Path", WindowsPath)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("north\\day 1\\a.jpg", "north/day 1/a.jpg"),
        (".\\north\\..\\a.jpg", "a.jpg"),
        ("D:\\photos\\a.jpg", "D:/photos/a.jpg"),
        ("\\\\server\\share\\a.jpg", "//server/share/a.jpg"),
        ("north/a.jpg", "north/a.jpg"),
    ],
)
def test_normalize_path_on_windows(written: str, expected: str) -> None:
    assert normalize_path(written) == expected


def test_folders_format_below_a_windows_drive(windows) -> None:
    found = [
        FolderPhotos.from_names("D:\\photos\\fox\\north\\", ["a.jpg"]),
        FolderPhotos.from_names("D:\\photos\\wolf\\", ["b.jpg"]),
    ]
    assert list(class_folders._photos(WindowsPath("D:\\photos"), found)) == [
        "fox/north/a.jpg",
        "wolf/b.jpg",
    ]


@pytest.mark.parametrize(
    ("photo", "absolute", "relative"),
    [
        ("D:\\photos\\fox\\a.jpg", "D:/photos/fox/a.jpg", "fox/a.jpg"),
        ("D:/photos/./fox/a.jpg", "D:/photos/fox/a.jpg", "fox/a.jpg"),
        ("photos\\a.jpg", "C:/work/photos/a.jpg", None),
    ],
)
def test_relative_path_on_windows(windows, photo: str, absolute: str, relative: str | None) -> None:
    root = PureWindowsPath("D:\\photos")
    assert (paths.absolute_path(photo), paths.relative_path(photo, root)) == (
        absolute,
        relative,
    )
