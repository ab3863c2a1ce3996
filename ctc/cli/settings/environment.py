"""Environment variables of options, and a warning about misspelt ones, which are ignored."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable

import click

from ctc.cli.settings.keys import CommandPath, command_path
from ctc.errors import closest_name

PREFIX = "CTC_"
KUBERNETES_VARIABLE = re.compile(r"\w+_(SERVICE_(HOST|PORT)\w*|PORT(_\d+_(TCP|UDP|SCTP)\w*)?)")
"""Set by Kubernetes in every container next to a service, which may be called `ctc`."""
_warned: set[str] = set()


def variable_prefix(command: CommandPath) -> str:
    """Return the prefix of a command's variables: 'CTC_DATASET_VERIFY_'."""
    return PREFIX + "".join(f"{word}_" for word in command).replace("-", "_").upper()


def warn_unknown_variables(context: click.Context, command_variables: Collection[str]) -> None:
    """Warn once about each variable that begins with `CTC_` and sets nothing.

    `command_variables` are those of the context's command. Variables of other commands are not
    checked.
    """
    given = [
        name
        for name in sorted(os.environ)
        if name.startswith(PREFIX) and name not in command_variables
    ]
    if not given:
        return
    others = _global_variables(context)
    for name in given:
        if name not in others and name not in _warned and not KUBERNETES_VARIABLE.fullmatch(name):
            _warn_unknown(name, context, command_variables, others)


def _warn_unknown(
    name: str,
    context: click.Context,
    command_variables: Iterable[str],
    global_variables: Iterable[str],
) -> None:
    from ctc.cli.console.console import warn

    words = command_path(context)
    prefix = max(filter(name.startswith, _prefixes(context)), key=len, default=PREFIX)
    if prefix == variable_prefix(words):
        command = f"ctc {' '.join(words)}"
        choices, fault, page = command_variables, f"no option of `{command}`", f"`{command} --help`"
    elif prefix == PREFIX:
        choices = [*command_variables, *global_variables]
        fault, page = "nothing", "docs/reference/environment.md"
    else:
        return
    _warned.add(name)
    next_step = _suggestion(name, prefix, choices) or f": see {page}"
    warn(f"the environment variable '{name}' sets {fault}{next_step}")


def _suggestion(name: str, prefix: str, choices: Iterable[str]) -> str:
    """Return the closest of `choices`, compared without the prefix that they have in common."""
    near = closest_name(name.removeprefix(prefix), [one.removeprefix(prefix) for one in choices])
    return f": did you mean '{prefix}{near}'?" if near else ""


def _prefixes(context: click.Context) -> set[str]:
    """Return the prefixes of all commands, including those in the context's groups."""
    from ctc.cli.registry import COMMANDS
    from ctc.cli.settings.config_file import parent_groups

    groups = parent_groups(context)
    commands = {tuple(name.split()) for name in COMMANDS}
    commands |= {(*group, name) for group, names in groups.items() for name in names}
    return set(map(variable_prefix, commands - groups.keys()))


def _global_variables(context: click.Context) -> set[str]:
    """Return the variables of the options of `ctc` itself, and those that set no option."""
    from ctc.cli.registry import LISTS_VARIABLE, TOKEN_VARIABLE
    from ctc.plugin.entry_points import DISABLED_VARIABLE, ENABLED_VARIABLE, STRICT_VARIABLE
    from ctc.storage.cache import CACHE_VARIABLE

    options = {
        str(parameter.envvar)
        for parameter in context.find_root().command.params
        if parameter.envvar
    }
    return options | {
        ENABLED_VARIABLE,
        DISABLED_VARIABLE,
        STRICT_VARIABLE,
        TOKEN_VARIABLE,
        CACHE_VARIABLE,
        LISTS_VARIABLE,
    }
