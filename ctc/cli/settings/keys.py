"""What users call commands and options: in settings files, in the environment, in messages."""

from __future__ import annotations

import click

CommandPath = tuple[str, ...]


def get_command_path(context: click.Context) -> CommandPath:
    """('inventory', 'csv') of `ctc inventory csv`, ('dataset', 'verify') of `ctc dataset verify`,
    () of `ctc`."""
    if context.parent is None:
        return ()
    return *get_command_path(context.parent), *(context.info_name or "").split()


def option_key(parameter: click.Parameter) -> str:
    """The long option without its dashes, or the argument as `--help` shows it: 'event-id',
    'source'."""
    if isinstance(parameter, click.Argument):
        shown = parameter.metavar or parameter.name or ""
        return shown.lower().partition("|")[0].strip("[].")
    return max(parameter.opts, key=len).removeprefix("--")
