"""Exit codes: turn every error and signal into at most one line on stderr and an exit code.

Only bugs of ctc itself show a traceback.
"""

from __future__ import annotations

import errno
import os
import re
import select
import sys
from collections.abc import Callable, Sequence

import click
from click.exceptions import Exit, NoArgsIsHelpError

from ctc.cli.console.console import debug, error, info
from ctc.cli.options.values.suggest import suggest_option
from ctc.cli.registry import FAILED, INTERRUPTED, TERMINATED
from ctc.cli.signals import Terminated, interruption, raise_on_signals
from ctc.errors import AlreadyCompleteError, CtcError, did_you_mean, reason

_STORAGE_PACKAGES = ("fsspec", "upath")
_MAKE_ROOM = "make room there, then run the same command again"
_NO_ROOM = {
    errno.ENOSPC: _MAKE_ROOM,
    getattr(errno, "EDQUOT", errno.ENOSPC): _MAKE_ROOM,
    errno.EFBIG: "raise the limit of this disk or user (`ulimit -f`), or choose another --output",
}
"""What to do where a file can't grow, by the number of the error."""


class PassThroughError(Exception):
    """Carries its cause through click, which would handle some exceptions itself.

    Click takes every EOFError for Ctrl-D and every BrokenPipeError for a closed stdout, and prints
    an empty line at Ctrl-C.
    """


def run_command(command: Callable[[], object]) -> int:
    """Run `command`, print an error as one line on stderr, and return the exit code.

    The exit code is the value that the command returns, if that is an int.
    """
    try:
        try:
            with raise_on_signals() as received:
                code = _run_until_signal(command, received)
        except PassThroughError as error:
            raise error.__cause__ or error from None
        return code if isinstance(code, int) else 0
    except NoArgsIsHelpError as error:
        error.show()
        return error.exit_code
    except click.ClickException as error:
        return _fail(_format_click_error(error), error.exit_code)
    except AlreadyCompleteError as done:
        info(str(done))
        return done.exit_code
    except CtcError as error:
        _log_cause(error)
        return _fail(str(error), error.exit_code)
    except Terminated:
        return _fail("terminated", TERMINATED)
    except (click.Abort, KeyboardInterrupt):
        if sys.stderr.isatty():
            click.echo(err=True)  # the terminal has just shown ^C
        return _fail("interrupted", INTERRUPTED)
    except Exit as exit_request:
        return exit_request.exit_code
    except SystemExit as exit_request:  # raised by click when stdout was closed
        _discard_stdout()
        return exit_request.code if isinstance(exit_request.code, int) else FAILED
    except OSError as error:
        _discard_stdout()
        if isinstance(error, BrokenPipeError) and _stdout_closed():
            return FAILED
        if error.errno is None and not _is_storage_error(error):
            raise
        return _fail(_format_os_error(error), FAILED)
    except Exception as error:
        if not _is_storage_error(error):
            raise
        text = " ".join(str(error).split()) or type(error).__name__
        return _fail(f"remote storage failed: {text}", FAILED)


def _run_until_signal(command: Callable[[], object], received: Sequence[int]) -> object:
    """Run `command`; an exception that a signal has caused on its way becomes that of the signal.

    A second Ctrl-C may hit the clean-up anywhere, such as between two locks.
    """
    try:
        return command()
    except CtcError:
        raise
    except Exception as error:
        if not received:
            raise
        raise interruption(received[0]) from error


def _is_storage_error(error: Exception) -> bool:
    """Return whether a library for remote storage raised it: these share no exception class."""
    from traceback import walk_tb

    modules = (frame.f_globals.get("__name__", "") for frame, _ in walk_tb(error.__traceback__))
    return any(module.partition(".")[0] in _STORAGE_PACKAGES for module in modules)


def _fail(message: str, code: int) -> int:
    error(message)
    return code


def _log_cause(error: CtcError) -> None:
    """Print the traceback of the cause with --verbose, for authors of plugins."""
    if error.__cause__ is not None:
        import traceback

        debug("".join(traceback.format_exception(error.__cause__)).rstrip())


def _format_click_error(error: click.ClickException) -> str:
    """Return click's message in our style: one line, lower case, the next step at the end."""
    if isinstance(error, click.NoSuchOption):
        message = f"no such option '{error.option_name}'"
        message += suggest_option(error.option_name, error.ctx)
    else:
        message = re.sub(r"(not a valid \w+) range", r"\1", error.format_message().rstrip("."))
        message = message[:1].lower() + message[1:]
        message += _format_value_source(error) + _suggest_choice(error)
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is None or message.endswith("?"):
        return message
    return f"{message}: see '{context.command_path} --help'"


def _suggest_choice(error: click.ClickException) -> str:
    """Return a suggestion for a value that is not among the choices of an option."""
    if (
        not isinstance(error, click.BadParameter)
        or error.param is None
        or not isinstance(error.param.type, click.Choice)
    ):
        return ""
    value = error.message.partition("' is not one of ")[0].removeprefix("'")
    meant = did_you_mean(value, map(str, error.param.type.choices))
    return meant if meant.endswith("?") else ""


def _format_value_source(error: click.ClickException) -> str:
    """Return the source of an invalid value that is not from the command line."""
    if not isinstance(error, click.BadParameter) or error.ctx is None or error.param is None:
        return ""
    from ctc.cli.settings.source import COMMAND_LINE, DEFAULT, value_source

    source = value_source(error.ctx, error.param)
    return "" if source in (COMMAND_LINE, DEFAULT) else f" (from {source})"


def _format_os_error(error: OSError) -> str:
    if not isinstance(error.filename, str | bytes):
        return reason(error)
    path, step = os.fsdecode(error.filename), _NO_ROOM.get(error.errno or 0)
    return (
        f"'{path}' can't be written: {reason(error)}; {step}"
        if step
        else f"{reason(error)}: '{path}'"
    )


def _stdout_closed() -> bool:
    """Return whether stdout or stderr is a pipe without a reader; True if the system can't tell."""
    if not hasattr(select, "poll"):
        return True
    pipes = select.poll()
    for stream in (sys.stdout, sys.stderr):
        pipes.register(stream.fileno(), 0)
    return bool(pipes.poll(0))


def _discard_stdout() -> None:
    """Drop what is still buffered for a closed stdout, or Python would report it at its exit."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
