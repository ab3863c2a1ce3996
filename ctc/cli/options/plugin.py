"""Options that input formats, output formats and engines declare, as options of commands."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import click

from ctc.cli.options.option import CommandOption
from ctc.cli.options.paths import PATH_OR_URL
from ctc.errors import PluginError

if TYPE_CHECKING:
    from ctc.plugin import Engine, Option, OutputFormat

_TYPES = {
    "text": click.STRING,
    "integer": click.INT,
    "number": click.FLOAT,
    "flag": click.BOOL,
    "path": PATH_OR_URL,
}


class DeclaredOption(CommandOption):
    """An option of a command, for one that a plugin declares as a `ctc.plugin.Option`."""

    def __init__(self, declared: Option, *, help_prefix: str = "", **attributes: Any) -> None:
        self._declared = declared
        super().__init__(
            [f"--{declared.name}", declared.key],
            type=_TYPES[declared.type],
            is_flag=declared.type == "flag",
            multiple=declared.multiple,
            metavar=declared.metavar,
            help=help_prefix + declared.help + (" Repeatable." if declared.multiple else ""),
            **attributes,
        )

    def default_text(self) -> str | None:
        """Return the default that the plugin declares, unless its help names one."""
        if "[default:" in self._declared.help:
            return None
        return super().default_text() or self.format_default(self._declared.default)


def to_click_option(declared: Option) -> click.Option:
    """Return the option of a command that belongs to one plugin, such as an input format."""
    if declared.required:
        return DeclaredOption(declared, required=True)
    # for click, a default of None is a value as well
    return DeclaredOption(declared, default=() if declared.multiple else declared.default)


@dataclass(frozen=True)
class PluginKind:
    """A kind of plugin that declares options.

    `record_name` is the class in `ctc.plugin`. Values that are given reach the command as the dict
    `dest`.
    """

    record_name: str
    dest: str


FORMATS = PluginKind("OutputFormat", "format_options")
ENGINES = PluginKind("Engine", "engine_options")


class PluginOptionsCommand(click.Command):
    """A command with the options of every plugin of some kinds.

    The plugins are loaded when the command is run or its help is shown.
    """

    kinds: ClassVar[tuple[PluginKind, ...]]

    def get_params(self, context: click.Context) -> list[click.Parameter]:
        """Return the command's own options, those of plugins, and `--help`."""
        *own, help_option = super().get_params(context)
        return [*own, *self._plugin_options, help_option]

    @cached_property
    def _plugin_options(self) -> list[click.Option]:
        from ctc import plugin
        from ctc.plugin.manager import plugins

        own = [name for parameter in self.params for name in parameter.opts]
        found: list[click.Option] = []
        for kind in self.kinds:
            taken = [*own, *(name for option in found for name in option.opts)]
            found += build_plugin_options(
                plugins().all(getattr(plugin, kind.record_name)).values(), taken, kind.dest
            )
        return found


class FormatsCommand(PluginOptionsCommand):
    """A command with the options of output formats."""

    kinds = (FORMATS,)


class EnginesCommand(PluginOptionsCommand):
    """A command with the options of engines."""

    kinds = (ENGINES,)


class FormatsAndEnginesCommand(PluginOptionsCommand):
    """A command with the options of output formats and engines."""

    kinds = (FORMATS, ENGINES)


def plugin_option_values(context: click.Context) -> dict[str, Any]:
    """Return the values of all options of plugins that are given."""
    return {
        name: value
        for kind in (FORMATS, ENGINES)
        for name, value in context.params.get(kind.dest, {}).items()
    }


def build_plugin_options(
    records: Iterable[OutputFormat | Engine], reserved: Collection[str], dest: str = FORMATS.dest
) -> list[click.Option]:
    """Return the options of all records of a kind, each once.

    `reserved`: option names that the command uses. Raises PluginError when one name has two
    meanings.
    """
    from ctc.plugin.manager import kind_title

    owners: dict[Option, list[str]] = {}
    title = ""
    for record in records:
        title = kind_title(type(record))
        for option in record.options:
            owners.setdefault(option, []).append(record.name)
    first: dict[str, str] = {}
    for option, names in owners.items():
        if f"--{option.name}" in reserved:
            raise PluginError(
                f"the {title} '{names[0]}' declares '--{option.name}', an option that the command "
                "has; the plugin's author must rename it"
            )
        other = first.setdefault(option.name, names[0])
        if other != names[0]:
            raise PluginError(
                f"the {title}s '{other}' and '{names[0]}' declare different options "
                f"'--{option.name}'; the plugin's author must rename one"
            )
    return [_build_option(option, names, dest) for option, names in owners.items()]


def _build_option(declared: Option, owners: list[str], dest: str) -> click.Option:
    """Return an option without a default, so that only values that are given are passed on.

    The default that the plugin declares is shown; the plugin itself applies it.
    """
    option = DeclaredOption(declared, help_prefix=f"{', '.join(owners)}: ", default=None)
    option.expose_value = False
    option.callback = _collect_into(dest)
    return option


def _collect_into(dest: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def collect(context: click.Context, parameter: click.Parameter, value: Any) -> None:
        values = context.params.setdefault(dest, {})
        if value is not None and value != ():
            values[parameter.name] = value

    return collect
