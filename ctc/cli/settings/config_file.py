"""The configuration file: TOML with a table per command; keys are named after its options.

[predict]
threads = 4
batch-size = "auto"

[inventory.csv]
event-id = "event"
image = ["photo1", "photo2"]

[dataset.verify]
workers = 2
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import click

from ctc.cli.registry import COMMANDS
from ctc.cli.settings.keys import CommandPath, command_path
from ctc.errors import InputError, UsageError, did_you_mean, reason, shorten

TomlTable = Mapping[str, Any]


def command_defaults(
    path: Path, context: click.Context, parameters: Mapping[str, click.Parameter]
) -> dict[str, Any]:
    """Return the file's values for the context's command, by parameter name.

    The values are strings, as on the command line. Raises CtcError, naming the file, for an unknown
    table or key, and for a value of the wrong shape. The tables of other commands are ignored.
    """
    words, groups, table = command_path(context), parent_groups(context), _read_toml(path)
    for depth, word in enumerate(words):
        _check_tables(path, words[:depth], table, groups)
        table = table.get(word, {})
    values = {}
    for key, value in table.items():
        if key in _subcommands(words) and isinstance(value, dict):
            continue
        where = f"'{path}': '{key}' in [{'.'.join(words)}]"
        parameter = parameters.get(key.replace("_", "-"))
        if parameter is None:
            command = f"`ctc {' '.join(words)}`"
            raise UsageError(
                f"{where} is not an option of {command}{did_you_mean(key, parameters)}"
            )
        values[parameter.name or ""] = _to_cli_value(where, parameter, value)
    return values


def _read_toml(path: Path) -> TomlTable:
    if path.suffix.lower() != ".toml":
        raise UsageError(f"'{path}' is not a .toml file: see docs/configuration.md for the format")
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise UsageError(f"the configuration file '{path}' does not exist") from None
    except OSError as error:
        raise InputError(f"'{path}' can't be read: {reason(error)}") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"'{path}' is not TOML: {shorten(reason(error))}") from None


def _check_tables(
    path: Path, command: CommandPath, table: TomlTable, groups: Mapping[CommandPath, list[str]]
) -> None:
    """Raise UsageError when a table above commands, such as [inventory], holds anything else."""
    if " ".join(command) in COMMANDS and command not in groups:
        return
    known = {*_subcommands(command), *groups.get(command, ())}
    for key, value in table.items():
        name = ".".join((*command, key))
        if not isinstance(value, dict):
            raise UsageError(
                f"'{path}' has '{name}' outside the table of a command: put it under [COMMAND]"
            )
        if key not in known:
            fault = f"'{path}' has a table [{name}], but there is no such command"
            raise UsageError(f"{fault}{did_you_mean(key, known)}")


def parent_groups(context: click.Context) -> dict[CommandPath, list[str]]:
    """Return the commands of each group that the context is in."""
    groups: dict[CommandPath, list[str]] = {}
    above = context.parent
    while above is not None and isinstance(above.command, click.Group):
        groups[command_path(above)] = [
            name for name in above.command.list_commands(above) if " " not in name
        ]
        above = above.parent
    return groups


def _subcommands(group: CommandPath) -> Collection[str]:
    """Return the next word of each command whose words begin with those of `group`."""
    depth = len(group)
    commands = (tuple(name.split()) for name in COMMANDS)
    return {words[depth] for words in commands if len(words) > depth and words[:depth] == group}


def _to_cli_value(where: str, parameter: click.Parameter, value: Any) -> str | list[str]:
    """Return the value as it would be written on the command line."""
    repeatable = parameter.multiple or parameter.nargs != 1
    values = value if isinstance(value, list) else [value]
    if any(isinstance(one, dict | list) for one in values):
        raise UsageError(f"{where} must be a value or a list of values")
    if isinstance(value, list) and not repeatable:
        raise UsageError(f"{where} takes one value, not a list")
    texts = [str(one).lower() if isinstance(one, bool) else str(one) for one in values]
    return texts if repeatable else texts[0]
