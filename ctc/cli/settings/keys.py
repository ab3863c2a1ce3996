"""Names of commands and options in configuration files, environment variables and messages."""

from __future__ import annotations

import click

CommandPath = tuple[str, ...]


def command_path(context: click.Context) -> CommandPath:
    """Return the words of a command: ('dataset', 'verify'), or () for `ctc` itself."""
    if context.parent is None:
        return ()
    return *command_path(context.parent), *(context.info_name or "").split()


def option_key(parameter: click.Parameter) -> str:
    """Return the long option without dashes, or the argument as `--help` shows it.

    Examples: 'event-id', 'source'.
    """
    if isinstance(parameter, click.Argument):
        shown = parameter.metavar or parameter.name or ""
        return shown.lower().partition("|")[0].strip("[].")
    return max(parameter.opts, key=len).removeprefix("--")
