"""The command group `ctc`, which imports the module of a command only to run it."""

from __future__ import annotations

import codecs
import gc
import os
import platform
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from ctc._version import __version__
from ctc.cli.console.console import (
    close_json_log,
    forward_logging,
    log_exception,
    open_closed_streams,
    open_json_log,
    set_verbosity,
)
from ctc.cli.console.control_characters import escape_on_terminals
from ctc.cli.exit_codes import PassThroughError, run_command
from ctc.cli.options.values.paths import PATH
from ctc.cli.registry import COMMANDS, COMPLETE_VAR, FAILED, module_of
from ctc.cli.settings.context import with_config_layers
from ctc.cli.settings.source import ARGUMENTS_KEY, CONFIG_FILE_KEY
from ctc.errors import did_you_mean

__all__ = ["ctc", "main", "run"]


def version_lines() -> Iterator[str]:
    """Return the lines of `ctc --version`: ctc, Python and system, packages of the extras."""
    from ctc.doctor.extras import installed_packages

    yield f"ctc, version {__version__}"
    yield f"Python {platform.python_version()}, {sys.platform}, {platform.machine()}"
    for name, version in installed_packages().items():
        yield f"{name} {version}"


class LazyGroup(click.Group):
    """A group that imports the module of a command only when it is run.

    `registry.module_of` returns the module, in which the command is called `command`.
    """

    def list_commands(self, context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        return with_config_layers(import_module(module_of(name)).command)

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, context: click.Context, arguments: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        context.meta[ARGUMENTS_KEY] = arguments
        two_words = " ".join(arguments[:2])
        if two_words in COMMANDS and len(arguments) > 1:
            return two_words, self.get_command(context, two_words), arguments[2:]
        if arguments and arguments[0] not in COMMANDS and not arguments[0].startswith("-"):
            raise click.UsageError(
                f"no command called '{arguments[0]}'{did_you_mean(arguments[0], COMMANDS)}", context
            )
        return super().resolve_command(context, arguments)

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except (EOFError, BrokenPipeError, KeyboardInterrupt) as error:
            raise PassThroughError from error


def _show_version(context: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        for line in version_lines():
            click.echo(line)
        context.exit()


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Print versions and exit.",
)
@click.option(
    "-q", "--quiet", is_flag=True, envvar="CTC_QUIET", help="Print warnings and errors only."
)
@click.option("-v", "--verbose", is_flag=True, envvar="CTC_VERBOSE", help="Print more details.")
@click.option(
    "--log-json",
    type=PATH,
    metavar="FILE",
    envvar="CTC_LOG_JSON",
    help="Append all messages to a file as JSON lines.",
)
@click.option(
    "--config",
    type=PATH,
    metavar="FILE",
    envvar="CTC_CONFIG",
    help="Configuration file (TOML) with values of options.",
)
@click.pass_context
def ctc(
    context: click.Context, quiet: bool, verbose: bool, log_json: Path | None, config: Path | None
) -> None:
    """Train and run image classifiers for camera-trap photos.

    \b
    labelled photos -> inventory -> dataset -> train -> export -> model.onnx
    new photos -> predict -> predictions.csv

    The options below may also be given after the command.
    """
    set_verbosity(quiet=quiet, verbose=verbose)
    forward_logging()
    if log_json is not None:
        open_json_log(log_json, context.meta[ARGUMENTS_KEY])
    if config is not None:
        context.meta[CONFIG_FILE_KEY] = config


def main(arguments: list[str] | None = None) -> None:
    """Run `ctc` and exit the process.

    Exit codes: 0 success; 1 failure; 2 usage error; 3 success, but some inputs failed; 130 and 143
    interrupted or terminated.
    """
    if arguments is None:
        _ensure_utf8_names()
    code = run(arguments)
    gc.freeze()  # or Python looks for garbage among all objects before it ends, for 40 ms
    sys.exit(code)


def _ensure_utf8_names() -> None:
    """Start again in Python's UTF-8 mode where names of files would be read as ASCII.

    That is a system without a locale (`LC_ALL=C`) whose Python was told not to replace it; the
    names of photos would become `F\\udcc3\\udcbc.jpg` in the outputs.
    """
    is_ascii = codecs.lookup(sys.getfilesystemencoding()).name == "ascii"
    if is_ascii and sys.executable and os.environ.get("PYTHONUTF8") != "1":
        os.environ["PYTHONUTF8"] = "1"
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])


def run(arguments: list[str] | None = None) -> int:
    """Run `ctc` and return its exit code."""
    code = FAILED
    open_closed_streams()
    if COMPLETE_VAR in os.environ:
        import_module("ctc.cli.commands.completion")
    try:
        with escape_on_terminals():
            code = run_command(lambda: ctc.main(arguments, prog_name="ctc", standalone_mode=False))
    except Exception as error:
        log_exception(error)
        raise
    finally:
        close_json_log(code)
    return code
