"""Environment variables that are called like ctc's and set nothing: told, since they are misspelt, and ignored."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable
from difflib import get_close_matches

import click

from ctc.cli.settings.keys import Words, words_of

PREFIX = "CTC_"
_OF_KUBERNETES = re.compile(r"\w+_(SERVICE_(HOST|PORT)\w*|PORT(_\d+_(TCP|UDP|SCTP)\w*)?)")
"""What Kubernetes tells every container of a service, which may be called `ctc`."""
_told: set[str] = set()


def prefix_of(words: Words) -> str:
    """How the variables of a command begin: 'CTC_DATASET_VERIFY_'."""
    return PREFIX + "".join(f"{word}_" for word in words).replace("-", "_").upper()


def warn_of_unknown(context: click.Context, own: Collection[str]) -> None:
    """Tell each variable once that nothing reads; `own`: those of the context's command. Those of other commands are not looked into."""
    given = [name for name in sorted(os.environ) if name.startswith(PREFIX) and name not in own]
    if not given:
        return
    others = _of_no_command(context)
    for name in given:
        if name not in others and name not in _told and not _OF_KUBERNETES.fullmatch(name):
            _judge(name, context, own, others)


def _judge(name: str, context: click.Context, own: Iterable[str], others: Iterable[str]) -> None:
    from ctc.cli.console.console import warn

    words = words_of(context)
    prefix = max(filter(name.startswith, _prefixes(context)), key=len, default=PREFIX)
    if prefix == prefix_of(words):
        command = f"ctc {' '.join(words)}"
        told = f"sets no option of `{command}`{_meant(name, prefix, own) or f': see `{command} --help`'}"
    elif prefix == PREFIX:
        told = f"sets nothing{_meant(name, prefix, [*own, *others]) or ': see docs/reference/environment.md'}"
    else:
        return
    _told.add(name)
    warn(f"'{name}' in the environment {told}")


def _meant(name: str, prefix: str, choices: Iterable[str]) -> str:
    """By what follows the prefix: that would make all of them look alike."""
    near = get_close_matches(name.removeprefix(prefix), [one.removeprefix(prefix) for one in choices], n=1)
    return f": did you mean '{prefix}{near[0]}'?" if near else ""


def _prefixes(context: click.Context) -> set[str]:
    """Of all commands, those below the groups that the context is in among them."""
    from ctc.cli.registry import COMMANDS
    from ctc.cli.settings.config_file import groups_above

    groups = groups_above(context)
    commands = {tuple(name.split()) for name in COMMANDS}
    commands |= {(*group, name) for group, names in groups.items() for name in names}
    return set(map(prefix_of, commands - groups.keys()))


def _of_no_command(context: click.Context) -> set[str]:
    """The variables that hold for every command, and those that set no option."""
    from ctc.cli.registry import TOKEN
    from ctc.plugin.entry_points import DISABLED, ONLY, STRICT
    from ctc.storage.cache import FOLDER

    whole = {str(parameter.envvar) for parameter in context.find_root().command.params if parameter.envvar}
    return whole | {ONLY, DISABLED, STRICT, TOKEN, FOLDER}
