"""How `ctc` ends: whatever happens becomes at most one line on stderr and an exit code. Only our
own bugs show a traceback."""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import click
from click.exceptions import Exit, NoArgsIsHelpError

from ctc.cli.console.console import debug, error
from ctc.cli.registry import FAILED, INTERRUPTED, TERMINATED
from ctc.errors import CtcError, did_you_mean


class Terminated(SystemExit):
    """Raised where the program stands when SIGTERM arrives; a SystemExit, so that forked workers
    leave without a traceback."""


@contextmanager
def raise_on_sigterm() -> Iterator[None]:
    """Within the block SIGTERM raises Terminated. Only the main thread can do so; elsewhere nothing
    changes."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _raise_terminated)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _raise_terminated(number: int, frame: FrameType | None) -> None:
    signal.signal(
        signal.SIGTERM, signal.SIG_IGN
    )  # `timeout` and the like send it twice: cleaning up goes on
    raise Terminated(128 + number)


_STORAGE_PACKAGES = ("fsspec", "upath")


class PassThroughError(Exception):
    """Takes its cause past click, to which every EOFError is a Ctrl-D and every BrokenPipeError a
    closed stdout, and which puts an empty line out at Ctrl-C."""


def run_command(command: Callable[[], object]) -> int:
    """Run `command`, tell on stderr what went wrong, and return the exit code: its own, when it
    returns an int."""
    try:
        try:
            with raise_on_sigterm():
                code = command()
        except PassThroughError as carried:
            raise carried.__cause__ or carried from None
        return code if isinstance(code, int) else 0
    except NoArgsIsHelpError as error:
        error.show()
        return error.exit_code
    except click.ClickException as error:
        return _fail(_format_click_error(error), error.exit_code)
    except CtcError as error:
        _log_cause(error)
        return _fail(str(error), error.exit_code)
    except Terminated:
        return _fail("terminated", TERMINATED)
    except (click.Abort, KeyboardInterrupt):
        if sys.stderr.isatty():
            click.echo(err=True)  # the terminal has just shown ^C
        return _fail("interrupted", INTERRUPTED)
    except Exit as leave:
        return leave.exit_code
    except SystemExit as leave:  # how click leaves when the reader of stdout has gone
        _discard_stdout()
        return leave.code if isinstance(leave.code, int) else FAILED
    except OSError as error:
        _discard_stdout()
        if isinstance(error, BrokenPipeError) and _is_pipe_closed():
            return FAILED
        if error.errno is None and not _is_storage_error(error):
            raise
        return _fail(_format_os_error(error), FAILED)
    except Exception as error:
        if not _is_storage_error(error):
            raise
        return _fail(
            f"a remote place can't be used: {' '.join(str(error).split()) or type(error).__name__}",
            FAILED,
        )


def _is_storage_error(error: Exception) -> bool:
    """Whether it went through the libraries behind remote places, whose errors are many and have no
    class in common."""
    from traceback import walk_tb

    modules = (frame.f_globals.get("__name__", "") for frame, _ in walk_tb(error.__traceback__))
    return any(module.partition(".")[0] in _STORAGE_PACKAGES for module in modules)


def _fail(message: str, code: int) -> int:
    error(message)
    return code


def _log_cause(error: CtcError) -> None:
    """With --verbose, where it comes from: of an error in a plugin, its author wants to see the
    lines."""
    if error.__cause__ is not None:
        import traceback

        debug("".join(traceback.format_exception(error.__cause__)).rstrip())


def _format_click_error(error: click.ClickException) -> str:
    """Click's message in the style of ours: one line, lower case, no full stop, the next step at
    the end."""
    if isinstance(error, click.NoSuchOption) and error.possibilities:
        return f"no such option '{error.option_name}': did you mean '{min(error.possibilities)}'?"
    message = error.format_message().rstrip(".")
    message = (
        message[:1].lower() + message[1:] + _format_value_source(error) + _suggest_choice(error)
    )
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is None or message.endswith("?"):
        return message
    return f"{message}: see '{context.command_path} --help'"


def _suggest_choice(error: click.ClickException) -> str:
    """What was probably meant by a value that is none of an option's choices."""
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
    """Of a bad value that was not typed, where it stands."""
    if not isinstance(error, click.BadParameter) or error.ctx is None or error.param is None:
        return ""
    from ctc.cli.settings.source import COMMAND_LINE, DEFAULT, value_source

    where = value_source(error.ctx, error.param)
    return "" if where in (COMMAND_LINE, DEFAULT) else f" (from {where})"


def _format_os_error(error: OSError) -> str:
    where = f": '{os.fsdecode(error.filename)}'" if isinstance(error.filename, str | bytes) else ""
    return f"{(error.strerror or str(error)).lower()}{where}"


def _is_pipe_closed() -> bool:
    """Whether stdout or stderr is a pipe that nobody reads any more; where the system can't tell,
    it is taken to be."""
    if not hasattr(select, "poll"):
        return True
    pipes = select.poll()
    for stream in (sys.stdout, sys.stderr):
        pipes.register(stream.fileno(), 0)
    return bool(pipes.poll(0))


def _discard_stdout() -> None:
    """What stdout still holds and nobody takes is dropped, or Python would complain of it at its
    end."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
