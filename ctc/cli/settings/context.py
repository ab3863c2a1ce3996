"""Where the value of an option comes from: default < settings file < environment < command line, for every command alike.

The environment variable of an option is called after both: `CTC_PREDICT_BATCH_SIZE`, `CTC_DATASET_VERIFY_WORKERS`,
`CTC_INVENTORY_CSV_EVENT_ID` (`settings_environment.py`). The file is TOML with a table per command (`settings_file.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from functools import wraps
from pathlib import Path
from typing import Any

import click

from ctc.cli.console.console import log_to, set_verbosity
from ctc.cli.options.paths import PATH, reach_places
from ctc.cli.settings.environment import prefix_of, warn_of_unknown
from ctc.cli.settings.keys import key_of, words_of
from ctc.cli.settings.source import ARGUMENTS, FILE, FROM_FILE, SHOW, is_setting


class SettingsContext(click.Context):
    """A command's context, whose options have their environment variables and defaults from the file before anything is parsed."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if isinstance(self.command, click.Group):
            return
        prefix, own = prefix_of(words_of(self)), set()
        for parameter in self.command.get_params(self):
            if isinstance(parameter, click.Option) and is_setting(parameter):
                parameter.envvar = prefix + key_of(parameter).replace("-", "_").upper()
                own.add(parameter.envvar)
        if not self.resilient_parsing:
            warn_of_unknown(self, own)
        if FILE in self.meta:
            take_file(self, self.meta[FILE])


def with_settings(command: click.Command) -> click.Command:
    """The command with all this, and with the options that every command has, unless it has one of that name."""
    settled = copy(command)
    settled.context_class = SettingsContext
    if not isinstance(settled, click.Group):
        taken = {name for parameter in command.params for name in parameter.opts}
        settled.params = [*command.params, *(option for option in common_options() if not taken & set(option.opts))]
        settled.callback = _run_or_show(command.callback)
    return settled


def common_options() -> list[click.Option]:
    """Those of every command. The last three also stand before it, where `ctc --help` shows them."""

    def option(names: list[str], callback: Callable[..., Any], **attributes: Any) -> click.Option:
        return click.Option(names, callback=callback, expose_value=False, **attributes)

    return [
        option(["--config"], _take, is_eager=True, type=PATH, metavar="FILE", help="TOML file with options to take."),
        option(["--show-config"], _note_show, is_flag=True, help="Print every option and where it is from, then stop."),
        option(["--log-json"], _open_log, type=PATH, metavar="FILE", hidden=True, help="See `ctc --help`."),
        option(["-q", "--quiet"], _set_verbosity, is_flag=True, hidden=True, help="See `ctc --help`."),
        option(["-v", "--verbose"], _set_verbosity, is_flag=True, hidden=True, help="See `ctc --help`."),
    ]


def take_file(context: click.Context, path: Path) -> None:
    """What the file says of this command becomes its defaults. Raises CtcError for what can't be understood."""
    from ctc.cli.settings.config_file import values_for

    parameters = {key_of(one): one for one in filter(is_setting, context.command.get_params(context))}
    values = values_for(path, context, parameters)
    context.default_map = {**(context.default_map or {}), **values}
    context.meta.setdefault(FROM_FILE, {}).update(dict.fromkeys(values, path))


def _run_or_show(run: Callable[..., Any] | None) -> Callable[..., Any]:
    assert run is not None

    @wraps(run)
    def runs(**options: Any) -> Any:
        context = click.get_current_context()
        if not context.meta.get(SHOW):
            reach_places(context)
            return run(**options)
        from ctc.cli.settings.show_config import show_config

        return show_config(context)

    return runs


def _take(context: click.Context, _: click.Parameter, path: Path | None) -> None:
    if path is not None:
        take_file(context, path)


def _note_show(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    context.meta[SHOW] = wanted


def _open_log(context: click.Context, _: click.Parameter, path: Path | None) -> None:
    if path is not None:
        log_to(path, context.meta[ARGUMENTS])


def _set_verbosity(_: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    if wanted:
        set_verbosity(**{str(parameter.name): True})
