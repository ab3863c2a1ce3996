"""Environment variables that are called like ctc's and set nothing: told, since they are misspelt,
and ignored."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable
from difflib import get_close_matches

import click

from ctc.cli.settings.keys import CommandPath, get_command_path

PREFIX = "CTC_"
_KUBERNETES_VARIABLE = re.compile(r"\w+_(SERVICE_(HOST|PORT)\w*|PORT(_\d+_(TCP|UDP|SCTP)\w*)?)")
"""What Kubernetes tells every container of a service, which may be called `ctc`."""
_warned: set[str] = set()


def variable_prefix(command_path: CommandPath) -> str:
    """How the variables of a command begin: 'CTC_DATASET_VERIFY_'."""
    return PREFIX + "".join(f"{word}_" for word in command_path).replace("-", "_").upper()


def warn_unknown_variables(context: click.Context, command_variables: Collection[str]) -> None:
    """Tell each variable once that nothing reads; `command_variables`: those of the context's
    command. Those of other commands are not looked into."""
    given = [
        name
        for name in sorted(os.environ)
        if name.startswith(PREFIX) and name not in command_variables
    ]
    if not given:
        return
    others = _global_variables(context)
    for name in given:
        if name not in others and name not in _warned and not _KUBERNETES_VARIABLE.fullmatch(name):
            _warn_unknown(name, context, command_variables, others)


def _warn_unknown(
    name: str,
    context: click.Context,
    command_variables: Iterable[str],
    global_variables: Iterable[str],
) -> None:
    from ctc.cli.console.console import warn

    words = get_command_path(context)
    prefix = max(filter(name.startswith, _prefixes(context)), key=len, default=PREFIX)
    if prefix == variable_prefix(words):
        command = f"ctc {' '.join(words)}"
        told = f"sets no option of `{command}`{_suggestion(name, prefix, command_variables) or f': see `{command} --help`'}"
    elif prefix == PREFIX:
        told = f"sets nothing{_suggestion(name, prefix, [*command_variables, *global_variables]) or ': see docs/reference/environment.md'}"
    else:
        return
    _warned.add(name)
    warn(f"'{name}' in the environment {told}")


def _suggestion(name: str, prefix: str, choices: Iterable[str]) -> str:
    """By what follows the prefix: that would make all of them look alike."""
    near = get_close_matches(
        name.removeprefix(prefix), [one.removeprefix(prefix) for one in choices], n=1
    )
    return f": did you mean '{prefix}{near[0]}'?" if near else ""


def _prefixes(context: click.Context) -> set[str]:
    """Of all commands, those below the groups that the context is in among them."""
    from ctc.cli.registry import COMMANDS
    from ctc.cli.settings.config_file import parent_groups

    groups = parent_groups(context)
    commands = {tuple(name.split()) for name in COMMANDS}
    commands |= {(*group, name) for group, names in groups.items() for name in names}
    return set(map(variable_prefix, commands - groups.keys()))


def _global_variables(context: click.Context) -> set[str]:
    """The variables that hold for every command, and those that set no option."""
    from ctc.cli.registry import TOKEN_VARIABLE
    from ctc.plugin.entry_points import DISABLED_VARIABLE, ENABLED_VARIABLE, STRICT_VARIABLE
    from ctc.storage.cache import CACHE_VARIABLE

    whole = {
        str(parameter.envvar)
        for parameter in context.find_root().command.params
        if parameter.envvar
    }
    return whole | {
        ENABLED_VARIABLE,
        DISABLED_VARIABLE,
        STRICT_VARIABLE,
        TOKEN_VARIABLE,
        CACHE_VARIABLE,
    }
