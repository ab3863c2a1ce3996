"""The options that output formats bring to `ctc predict`."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import click

from ctc.cli.plugin_options import declared
from ctc.errors import PluginError

if TYPE_CHECKING:
    from ctc.plugin import Option, OutputFormat

GIVEN = "format_options"


class FormatsCommand(click.Command):
    """A command with the options of every output format; those that are given reach it as the dict GIVEN.

    The plugins are loaded when the command is run or its help is shown.
    """

    def get_params(self, context: click.Context) -> list[click.Parameter]:
        *own, help_option = super().get_params(context)
        return [*own, *self._of_formats, help_option]

    @cached_property
    def _of_formats(self) -> list[click.Option]:
        from ctc.plugin import OutputFormat
        from ctc.plugin.manager import plugins

        own = [name for parameter in self.params for name in parameter.opts]
        return options_of_formats(plugins().all(OutputFormat).values(), own)


def options_of_formats(formats: Iterable[OutputFormat], own: Collection[str]) -> list[click.Option]:
    """The options of all formats, each once; `own` are the names that are taken.

    Raises PluginError when one name has two meanings.
    """
    owners: dict[Option, list[str]] = {}
    for output_format in formats:
        for option in output_format.options:
            owners.setdefault(option, []).append(output_format.name)
    first: dict[str, str] = {}
    for option, names in owners.items():
        if f"--{option.name}" in own:
            raise PluginError(
                f"the output format '{names[0]}' declares '--{option.name}', an option that `ctc predict` has; the plugin's author must "
                "rename it"
            )
        other = first.setdefault(option.name, names[0])
        if other != names[0]:
            raise PluginError(
                f"the output formats '{other}' and '{names[0]}' declare different options '--{option.name}'; the plugin's author must "
                "rename one"
            )
    return [_parameter(option, names) for option, names in owners.items()]


def _parameter(option: Option, formats: list[str]) -> click.Option:
    """Without its default, so that it shows whether it was given: only the chosen format may have it."""
    help_text = f"{', '.join(formats)}: {option.help}"
    parameter = declared(replace(option, help=help_text, required=False, default=None))
    parameter.expose_value = False
    parameter.callback = _keep
    return parameter


def _keep(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    given = context.params.setdefault(GIVEN, {})
    if value is not None and value != ():
        given[parameter.name] = value
