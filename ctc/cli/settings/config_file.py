"""A settings file: TOML with a table per command, keys named after its options.

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
from ctc.cli.settings.keys import CommandPath, get_command_path
from ctc.errors import InputError, UsageError, did_you_mean

TomlTable = Mapping[str, Any]


def command_defaults(
    path: Path, context: click.Context, parameters: Mapping[str, click.Parameter]
) -> dict[str, Any]:
    """What the file says of the context's command: by the parameters' own names, and as if typed on
    the command line.

    Raises CtcError, naming the file, for a table or a key that there is none of, and a value of the
    wrong shape. The tables of other commands are not looked into."""
    words, groups, table = get_command_path(context), parent_groups(context), _read_toml(path)
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
            raise UsageError(
                f"{where} is no option of `ctc {' '.join(words)}`{did_you_mean(key, parameters)}"
            )
        values[parameter.name or ""] = _to_cli_value(where, parameter, value)
    return values


def _read_toml(path: Path) -> TomlTable:
    if path.suffix.lower() != ".toml":
        raise UsageError(
            f"'{path}' is no .toml file: docs/configuration.md shows what a settings file holds"
        )
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise UsageError(f"the settings file '{path}' is not there") from None
    except OSError as error:
        raise InputError(
            f"'{path}' can't be read: {(error.strerror or str(error)).lower()}"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"'{path}' is not TOML: {error}") from None


def _check_tables(
    path: Path, command_path: CommandPath, table: TomlTable, groups: Mapping[CommandPath, list[str]]
) -> None:
    """Where no command of its own is, as in [inventory] or above all tables, there are only the
    tables of commands."""
    if " ".join(command_path) in COMMANDS and command_path not in groups:
        return
    known = {*_subcommands(command_path), *groups.get(command_path, ())}
    for key, value in table.items():
        name = ".".join((*command_path, key))
        if not isinstance(value, dict):
            raise UsageError(
                f"'{path}' has '{name}' outside of a command's table: put it below [COMMAND]"
            )
        if key not in known:
            raise UsageError(
                f"'{path}' has a table [{name}], but no such command{did_you_mean(key, known)}"
            )


def parent_groups(context: click.Context) -> dict[CommandPath, list[str]]:
    """What the groups hold that the context is in."""
    groups: dict[CommandPath, list[str]] = {}
    above = context.parent
    while above is not None and isinstance(above.command, click.Group):
        groups[get_command_path(above)] = [
            name for name in above.command.list_commands(above) if " " not in name
        ]
        above = above.parent
    return groups


def _subcommands(command_path: CommandPath) -> Collection[str]:
    """The next words of the commands that begin with these."""
    split = (tuple(name.split()) for name in COMMANDS)
    return {
        command[len(command_path)]
        for command in split
        if len(command) > len(command_path) and command[: len(command_path)] == command_path
    }


def _to_cli_value(where: str, parameter: click.Parameter, value: Any) -> str | list[str]:
    repeatable = parameter.multiple or parameter.nargs != 1
    values = value if isinstance(value, list) else [value]
    if any(isinstance(one, dict | list) for one in values):
        raise UsageError(f"{where} must be a value or a list of values")
    if isinstance(value, list) and not repeatable:
        raise UsageError(f"{where} takes one value, not a list")
    texts = [str(one).lower() if isinstance(one, bool) else str(one) for one in values]
    return texts if repeatable else texts[0]
