"""The command group: names, suggestions, help, verbosity."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from PIL import Image

from ctc._version import __version__
from ctc.cli.console.console import debug, info, progress, warn
from ctc.cli.main import COMMANDS, run

CTC = [sys.executable, "-c", "from ctc.cli import main; main()"]


def test_version_prints_packages_of_extras(capsys) -> None:
    assert run(["--version"]) == 0
    first, python, *others = capsys.readouterr().out.splitlines()
    assert first == f"ctc, version {__version__}"
    assert python.startswith(f"Python {platform.python_version()}, ")
    assert {f"onnxruntime {version('onnxruntime')}", f"pyarrow {version('pyarrow')}"} <= set(others)


def test_help_lists_every_command(capsys) -> None:
    assert run(["--help"]) == 0
    printed = capsys.readouterr().out
    assert [name for name in COMMANDS if f"\n  {name} " in printed] == list(COMMANDS)


def test_run_without_arguments_prints_help_on_stderr(capsys) -> None:
    assert run([]) == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err.partition("\n")[0]) == (
        "",
        "Usage: ctc [OPTIONS] COMMAND [ARGS]...",
    )


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["predcit"], "error: no command called 'predcit': did you mean 'predict'?\n"),
        (["--quite"], "error: no such option '--quite': did you mean '--quiet'?\n"),
        (["plugins", "--jsno"], "error: no such option '--jsno': did you mean '--json'?\n"),
        (["plugins", "--zzz"], "error: no such option '--zzz': see 'ctc plugins --help'\n"),
        (
            ["plugins", "more"],
            "error: got unexpected extra argument (more): see 'ctc plugins --help'\n",
        ),
        (
            ["predict", "m.onnx", "photos", "--output", "p.csv", "--precision", "flaot32"],
            (
                "error: invalid value for '--precision': 'flaot32' is not one of 'float32', "
                "'tf32', 'bfloat16': "
                "did you mean 'float32'?\n"
            ),
        ),
        (
            ["predict", "m.onnx", "photos", "--output", "p.csv", "--precision", "int"],
            (
                "error: invalid value for '--precision': 'int' is not one of 'float32', "
                "'tf32', 'bfloat16': "
                "see 'ctc predict --help'\n"
            ),
        ),
        (["predict"], "error: missing argument 'MODEL': see 'ctc predict --help'\n"),
        (
            ["predict", "m.onnx", "photos"],
            "error: missing option '--output': see 'ctc predict --help'\n",
        ),
        (
            ["predict", "m.onnx", "photos", "--output", "p.csv", "--batch-size", "many"],
            (
                "error: invalid value for '--batch-size': 'many' is not a valid integer: see 'ctc "
                "predict --help'\n"
            ),
        ),
    ],
)
def test_run_prints_usage_error_with_next_step(capsys, arguments: list[str], line: str) -> None:
    assert run(arguments) == 2
    assert capsys.readouterr() == ("", line)


def test_run_prints_command_error_as_one_line(tmp_path, capsys) -> None:
    missing, output = str(tmp_path / "missing.onnx"), str(tmp_path / "p.csv")
    assert run(["predict", missing, str(tmp_path), "--output", output]) == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err.count("\n"), printed.err.startswith("error: ")) == (
        "",
        1,
        True,
    )
    assert "missing.onnx" in printed.err


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_every_command_ends_with_an_example(capsys, name: str) -> None:
    assert run([name, "--help"]) == 0
    assert "Example" in capsys.readouterr().out[-600:]


@pytest.mark.parametrize(
    ("options", "lines"),
    [
        ([], ["said", "warning: warned"]),
        (["--quiet"], ["warning: warned"]),
        (["--verbose"], ["said", "detail", "warning: warned"]),
    ],
)
def test_verbosity_options_before_the_command(capsys, options: list[str], lines: list[str]) -> None:
    assert run([*options, "plugins"]) == 0
    capsys.readouterr()
    info("said")
    debug("detail")
    warn("warned")
    run(["plugins"])
    assert capsys.readouterr().err.splitlines() == lines


@pytest.mark.parametrize(("option", "lines"), [("-q", 0), ("--verbose", 2)])
def test_verbosity_options_after_the_command(capsys, option: str, lines: int) -> None:
    assert run(["plugins", option]) == 0
    capsys.readouterr()
    info("said")
    debug("detail")
    run(["plugins"])
    assert len(capsys.readouterr().err.splitlines()) == lines


def test_warn_prints_one_line(capsys) -> None:
    warn("one\n  two")
    assert capsys.readouterr().err == "warning: one two\n"


def test_progress_prints_nothing_off_a_terminal(capsys) -> None:
    with progress("predict", 3) as bar:
        bar.advance()
    assert capsys.readouterr() == ("", "")


@pytest.mark.subprocess
def test_plugins_json_prints_data_on_stdout_only() -> None:
    done = subprocess.run(
        [*CTC, "-v", "plugins", "--json"], capture_output=True, text=True, check=True
    )
    assert (done.stdout[0], done.stderr) == ("{", "")


@pytest.mark.subprocess
@pytest.mark.skipif(os.name != "posix", reason="names are Unicode on Windows")
def test_main_reads_names_as_utf8_without_a_locale(model, tmp_path: Path) -> None:
    photo = tmp_path / "photos" / "Füchse.png"
    photo.parent.mkdir()
    Image.new("RGB", (24, 16), (255, 0, 0)).save(photo)
    environment = {
        **os.environ,
        "LC_ALL": "C",
        "PYTHONUTF8": "0",
        "PYTHONCOERCECLOCALE": "0",
    }
    command = [sys.executable, "-c", "from ctc.cli import main; main()", "predict"]
    arguments = [str(model), "photos", "--output", "p.csv"]
    done = subprocess.run(
        [*command, *arguments], env=environment, cwd=tmp_path, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "p.csv").read_text("utf-8").splitlines()[1].startswith('"photos/Füchse.png"')


def test_main_ends_without_looking_for_garbage() -> None:
    code = (
        "import atexit, gc\n"
        "atexit.register(lambda: print(gc.get_freeze_count() > 1000))\n"
        "from ctc.cli import main; main(['--version'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "True"
