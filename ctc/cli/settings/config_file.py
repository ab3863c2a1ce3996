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
from ctc.cli.settings.keys import Words, words_of
from ctc.errors import InputError, UsageError, did_you_mean

Table = Mapping[str, Any]


def values_for(path: Path, context: click.Context, parameters: Mapping[str, click.Parameter]) -> dict[str, Any]:
    """What the file says of the context's command: by the parameters' own names, and as if typed on the command line.

    Raises CtcError, naming the file, for a table or a key that there is none of, and a value of the wrong shape. The tables of other
    commands are not looked into.
    """
    words, groups, table = words_of(context), groups_above(context), _read(path)
    for depth, word in enumerate(words):
        _check_tables(path, words[:depth], table, groups)
        table = table.get(word, {})
    values = {}
    for key, value in table.items():
        if key in _below(words) and isinstance(value, dict):
            continue
        where = f"'{path}': '{key}' in [{'.'.join(words)}]"
        parameter = parameters.get(key.replace("_", "-"))
        if parameter is None:
            raise UsageError(f"{where} is no option of `ctc {' '.join(words)}`{did_you_mean(key, parameters)}")
        values[parameter.name or ""] = _as_typed(where, parameter, value)
    return values


def _read(path: Path) -> Table:
    if path.suffix.lower() != ".toml":
        raise UsageError(f"'{path}' is no .toml file: docs/configuration.md shows what a settings file holds")
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise UsageError(f"the settings file '{path}' is not there") from None
    except OSError as error:
        raise InputError(f"'{path}' can't be read: {(error.strerror or str(error)).lower()}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"'{path}' is not TOML: {error}") from None


def _check_tables(path: Path, words: Words, table: Table, groups: Mapping[Words, list[str]]) -> None:
    """Where no command of its own is, as in [inventory] or above all tables, there are only the tables of commands."""
    if " ".join(words) in COMMANDS and words not in groups:
        return
    known = {*_below(words), *groups.get(words, ())}
    for key, value in table.items():
        name = ".".join((*words, key))
        if not isinstance(value, dict):
            raise UsageError(f"'{path}' has '{name}' outside of a command's table: put it below [COMMAND]")
        if key not in known:
            raise UsageError(f"'{path}' has a table [{name}], but no such command{did_you_mean(key, known)}")


def groups_above(context: click.Context) -> dict[Words, list[str]]:
    """What the groups hold that the context is in."""
    groups: dict[Words, list[str]] = {}
    above = context.parent
    while above is not None and isinstance(above.command, click.Group):
        groups[words_of(above)] = [name for name in above.command.list_commands(above) if " " not in name]
        above = above.parent
    return groups


def _below(words: Words) -> Collection[str]:
    """The next words of the commands that begin with these."""
    split = (tuple(name.split()) for name in COMMANDS)
    return {command[len(words)] for command in split if len(command) > len(words) and command[: len(words)] == words}


def _as_typed(where: str, parameter: click.Parameter, value: Any) -> str | list[str]:
    repeatable = parameter.multiple or parameter.nargs != 1
    values = value if isinstance(value, list) else [value]
    if any(isinstance(one, dict | list) for one in values):
        raise UsageError(f"{where} must be a value or a list of values")
    if isinstance(value, list) and not repeatable:
        raise UsageError(f"{where} takes one value, not a list")
    texts = [str(one).lower() if isinstance(one, bool) else str(one) for one in values]
    return texts if repeatable else texts[0]
