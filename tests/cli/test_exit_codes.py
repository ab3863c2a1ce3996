"""Exit codes: at most one line on stderr for every error and signal."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from ctc.cli.exit_codes import run_command
from ctc.errors import CtcError, InputError, OutputExistsError, PluginError, UsageError
from ctc.storage.paths import parse_path

CTC = [sys.executable, "-c", "from ctc.cli import main; main()"]
WAITS = """
import sys, time
from ctc.cli.exit_codes import run_command
def wait():
    try:
        print("ready", flush=True)
        time.sleep(60)
    finally:
        open(sys.argv[1], "w").close()
sys.exit(run_command(wait))
"""
posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals and pipes")


def raising(error: BaseException):
    def command() -> None:
        raise error

    return command


@pytest.mark.parametrize(("returned", "code"), [(None, 0), (0, 0), (3, 3), ("text", 0)])
def test_run_command_returns_the_number_of_the_command(returned: object, code: int) -> None:
    assert run_command(lambda: returned) == code


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (CtcError("it is broken"), 1, "error: it is broken\n"),
        (InputError("two\nlines"), 1, "error: two lines\n"),
        (PluginError("no such plugin"), 1, "error: no such plugin\n"),
        (UsageError("no column 'a'"), 2, "error: no column 'a'\n"),
        (
            OutputExistsError("run"),
            2,
            "error: 'run' exists already: choose another --output or add --overwrite\n",
        ),
        (
            click.UsageError("Got unexpected extra argument (x)."),
            2,
            "error: got unexpected extra argument (x)\n",
        ),
        (
            click.FileError("a.txt", "no such file"),
            1,
            "error: could not open file 'a.txt': no such file\n",
        ),
        (KeyboardInterrupt(), 130, "error: interrupted\n"),
        (
            OSError(errno.ENOSPC, "No space left on device", "a.csv"),
            1,
            (
                "error: 'a.csv' can't be written: no space left on device; make room there, "
                "then run the same command again\n"
            ),
        ),
        (
            OSError(errno.EIO, "Input/output error", b"a.jpg"),
            1,
            "error: input/output error: 'a.jpg'\n",
        ),
        (PermissionError(errno.EACCES, "Permission denied"), 1, "error: permission denied\n"),
    ],
)
def test_run_command_prints_user_errors_as_one_line(
    capsys, error: BaseException, code: int, line: str
) -> None:
    assert run_command(raising(error)) == code
    assert capsys.readouterr().err == line


def test_run_command_prints_remote_storage_error_as_one_line(capsys) -> None:
    assert run_command(lambda: list(parse_path("memory://nowhere/at/all").iterdir())) == 1
    assert capsys.readouterr().err == "error: memory://nowhere/at/all\n"


@pytest.mark.parametrize("error", [ValueError("ours"), OSError("no number"), EOFError("cut")])
def test_run_command_raises_bugs(error: Exception) -> None:
    with pytest.raises(type(error), match=str(error)):
        run_command(raising(error))


@posix
@pytest.mark.subprocess
@pytest.mark.parametrize(
    ("sent", "code", "line"),
    [
        ("SIGINT", 130, "error: interrupted\n"),
        ("SIGTERM", 143, "error: terminated\n"),
        ("SIGHUP", 143, "error: terminated\n"),
    ],
)
def test_run_command_lets_command_clean_up_on_signal(
    tmp_path: Path, sent: str, code: int, line: str
) -> None:
    with start_waiting(tmp_path / "cleaned") as running:
        running.send_signal(getattr(signal, sent))
        _, narration = running.communicate(timeout=20)
    assert (running.returncode, narration) == (code, line)
    assert (tmp_path / "cleaned").exists()


@posix
@pytest.mark.subprocess
@pytest.mark.parametrize(
    ("first", "second", "code", "line"),
    [
        ("SIGTERM", "SIGTERM", 143, "error: terminated\n"),
        ("SIGTERM", "SIGINT", 143, "error: terminated\n"),
        ("SIGINT", "SIGTERM", 130, "error: interrupted\n"),
        ("SIGHUP", "SIGTERM", 143, "error: terminated\n"),
    ],
)
def test_run_command_ignores_second_signal(
    tmp_path: Path, first: str, second: str, code: int, line: str
) -> None:
    slow = WAITS.replace("open(", 'print("cleaning", flush=True); sys.stdin.readline(); open(')
    with start_waiting(tmp_path / "cleaned", slow) as running:
        running.send_signal(getattr(signal, first))
        assert running.stdout.readline() == "cleaning\n"
        running.send_signal(getattr(signal, second))
        _, narration = running.communicate("\n", timeout=20)
    assert (running.returncode, narration) == (code, line)
    assert (tmp_path / "cleaned").exists()


@posix
@pytest.mark.subprocess
def test_run_command_second_interrupt_that_breaks_the_cleanup_is_no_bug(tmp_path: Path) -> None:
    broken = WAITS.replace(
        "open(",
        'print("cleaning", flush=True)\n'
        "        try:\n"
        "            time.sleep(60)\n"
        "        except KeyboardInterrupt:\n"
        '            raise RuntimeError("release unlocked lock")\n'
        "        open(",
    )
    with start_waiting(tmp_path / "cleaned", broken) as running:
        running.send_signal(signal.SIGINT)
        assert running.stdout.readline() == "cleaning\n"
        running.send_signal(signal.SIGINT)
        _, narration = running.communicate(timeout=20)
    assert (running.returncode, narration) == (130, "error: interrupted\n")


@posix
@pytest.mark.subprocess
def test_run_command_under_nohup_goes_on_when_the_terminal_is_closed(tmp_path: Path) -> None:
    ignoring = "import signal\nsignal.signal(signal.SIGHUP, signal.SIG_IGN)" + WAITS.replace(
        "time.sleep(60)", "sys.stdin.readline()"
    )
    with start_waiting(tmp_path / "cleaned", ignoring) as running:
        running.send_signal(signal.SIGHUP)
        _, narration = running.communicate("\n", timeout=20)
    assert (running.returncode, narration) == (0, "")


@posix
@pytest.mark.subprocess
def test_run_command_is_silent_when_stdout_is_closed() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as gone:
        done = subprocess.run(
            [*CTC, "plugins"], stdout=gone, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (done.returncode, done.stderr) == (1, "")


@posix
def test_run_command_reports_broken_pipe_elsewhere(capfd) -> None:
    broken = BrokenPipeError(errno.EPIPE, "Broken pipe")
    with open(os.devnull, "w") as taken, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", taken)
        assert run_command(raising(broken)) == 1
    assert capfd.readouterr().err == "error: broken pipe\n"


@pytest.mark.subprocess
@pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="needs /dev/full, the disk that is always full"
)
@pytest.mark.parametrize("arguments", [["plugins"], ["--help"]])
def test_run_command_reports_full_disk_in_one_line(arguments: list[str]) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*CTC, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (done.returncode, done.stderr) == (1, "error: no space left on device\n")


@posix
@pytest.mark.subprocess
@pytest.mark.parametrize("stream", ["2>&-", "2>/dev/full", ">&- 2>&-", "<&- >&- 2>&-"])
def test_run_command_goes_on_without_its_streams(tmp_path: Path, stream: str) -> None:
    if "full" in stream and not Path("/dev/full").exists():
        pytest.skip("needs /dev/full, the disk that is always full")
    code = (
        "import sys, click\n"
        "from ctc.cli.console import console\n"
        "from ctc.cli.main import ctc, run\n"
        "@click.command()\n"
        "def work():\n"
        "    console.info('narration')\n"
        "    console.warn('narration')\n"
        "    with open(sys.argv[1], 'w') as file:\n"
        "        print('data')\n"
        "        console.info('narration')\n"
        "        file.write('result')\n"
        "ctc.get_command = lambda context, name: work\n"
        "sys.exit(run(['doctor']))\n"
    )
    script = tmp_path / "work.py"
    script.write_text(code)
    command = f'exec "$0" "$1" "$2" {stream}'
    done = subprocess.run(
        ["sh", "-c", command, sys.executable, script, tmp_path / "result"], check=False
    )
    assert (done.returncode, (tmp_path / "result").read_text()) == (0, "result")


def start_waiting(cleaned: Path, code: str = WAITS) -> subprocess.Popen[str]:
    """Start a command that waits, and writes the file `cleaned` when it is stopped."""
    running = subprocess.Popen(
        [sys.executable, "-c", code, str(cleaned)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stdout
    assert running.stdout.readline() == "ready\n"
    return running
