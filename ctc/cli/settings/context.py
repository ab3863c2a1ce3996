"""The layers of option values: default < configuration file < environment < command line.

They are the same for every command. The environment variable of an option is named after command
and option: `CTC_PREDICT_BATCH_SIZE`, `CTC_DATASET_VERIFY_WORKERS`, `CTC_INVENTORY_CSV_EVENT_ID`
(`environment.py`). The file is TOML with a table per command (`config_file.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from functools import wraps
from itertools import pairwise, takewhile
from pathlib import Path
from typing import Any

import click

from ctc.cli.console.console import open_json_log, set_verbosity
from ctc.cli.options.option import CommandOption
from ctc.cli.options.values.paths import OUTPUT, PATH, check_paths
from ctc.cli.settings.environment import variable_prefix, warn_unknown_variables
from ctc.cli.settings.keys import command_path, option_key
from ctc.cli.settings.source import (
    ARGUMENTS_KEY,
    CONFIG_FILE_KEY,
    FILE_VALUES_KEY,
    SHOW_CONFIG_KEY,
    is_configurable,
)
from ctc.errors import UsageError

REPEATED_OUTPUT_HINTS = {
    "predict": "; for several formats, add --shard 1/1 and run `ctc merge` once for each"
}
"""What to do instead of giving `--output` twice, by command."""


class SettingsContext(click.Context):
    """A context that sets environment variables and file defaults of options before parsing."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if isinstance(self.command, click.Group):
            return
        prefix, own = variable_prefix(command_path(self)), set()
        for parameter in self.command.get_params(self):
            if isinstance(parameter, click.Option) and is_configurable(parameter):
                parameter.envvar = prefix + option_key(parameter).replace("-", "_").upper()
                own.add(parameter.envvar)
        if not self.resilient_parsing:
            warn_unknown_variables(self, own)
        if CONFIG_FILE_KEY in self.meta:
            load_config_file(self, self.meta[CONFIG_FILE_KEY])


def with_config_layers(command: click.Command) -> click.Command:
    """Return a copy of the command with these layers and the common options.

    A common option is left out when the command has an option of the same name.
    """
    configured = copy(command)
    configured.context_class = SettingsContext
    if not isinstance(configured, click.Group):
        taken = {name for parameter in command.params for name in parameter.opts}
        configured.params = [
            *command.params,
            *(option for option in common_options() if not taken & set(option.opts)),
        ]
        configured.callback = _run_or_show_config(command.callback)
    return configured


def common_options() -> list[click.Option]:
    """Return the options of every command.

    The last three are also options of `ctc` itself, and shown there only.
    """

    def option(names: list[str], callback: Callable[..., Any], **attributes: Any) -> click.Option:
        return CommandOption(names, callback=callback, expose_value=False, **attributes)

    return [
        option(
            ["--config"],
            _load_config,
            is_eager=True,
            type=PATH,
            metavar="FILE",
            help="Configuration file (TOML) with values of options.",
        ),
        option(
            ["--show-config"],
            _store_show_config,
            is_flag=True,
            help="Print the effective configuration and its sources, then exit.",
        ),
        option(
            ["--log-json"],
            _open_log,
            type=PATH,
            metavar="FILE",
            hidden=True,
            help="See `ctc --help`.",
        ),
        option(
            ["-q", "--quiet"], _set_verbosity, is_flag=True, hidden=True, help="See `ctc --help`."
        ),
        option(
            ["-v", "--verbose"], _set_verbosity, is_flag=True, hidden=True, help="See `ctc --help`."
        ),
    ]


def load_config_file(context: click.Context, path: Path) -> None:
    """Make the file's values for this command its defaults; raise CtcError for invalid ones."""
    from ctc.cli.settings.config_file import command_defaults

    parameters = {
        option_key(one): one for one in filter(is_configurable, context.command.get_params(context))
    }
    values = command_defaults(path, context, parameters)
    context.default_map = {**(context.default_map or {}), **values}
    context.meta.setdefault(FILE_VALUES_KEY, {}).update(dict.fromkeys(values, path))


def check_single_files(context: click.Context) -> None:
    """Raise UsageError when `--output` or `--clock-offset` is given twice: click would use the last
    and drop the first.

    A script may well override other options like that.
    """
    words = list(takewhile(lambda word: word != "--", context.meta.get(ARGUMENTS_KEY, ())))
    hint = REPEATED_OUTPUT_HINTS.get(" ".join(command_path(context)), "")
    _check_single(words, f"--{OUTPUT}", f"leave one out{hint}")
    _check_single(words, "--clock-offset", "put the rows of all into one file")


def _check_single(words: Sequence[str], option: str, hint: str) -> None:
    given = [second for first, second in pairwise(words) if first == option]
    given += [word.partition("=")[2] for word in words if word.startswith(f"{option}=")]
    if len(given) > 1:
        listed = ", ".join(f"'{path}'" for path in given)
        raise UsageError(f"{option} is given {len(given)} times ({listed}), a run has one: {hint}")


def _run_or_show_config(run: Callable[..., Any] | None) -> Callable[..., Any]:
    assert run is not None

    @wraps(run)
    def run_or_show(**options: Any) -> Any:
        context = click.get_current_context()
        check_single_files(context)
        if not context.meta.get(SHOW_CONFIG_KEY):
            check_paths(context)
            return run(**options)
        from ctc.cli.settings.show_config import show_config

        return show_config(context)

    return run_or_show


def _load_config(context: click.Context, _: click.Parameter, path: Path | None) -> None:
    if path is not None:
        load_config_file(context, path)


def _store_show_config(context: click.Context, _: click.Parameter, value: bool) -> None:
    context.meta[SHOW_CONFIG_KEY] = value


def _open_log(context: click.Context, _: click.Parameter, path: Path | None) -> None:
    if path is not None:
        open_json_log(path, context.meta[ARGUMENTS_KEY])


def _set_verbosity(_: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value:
        set_verbosity(**{str(parameter.name): True})
