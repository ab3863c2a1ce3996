"""The options that output formats and engines bring to the commands that use them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import click

from ctc.errors import PluginError

if TYPE_CHECKING:
    from ctc.plugin import Engine, Option, OutputFormat


from typing import TYPE_CHECKING

from ctc.cli.options.paths import PATH_OR_URL

if TYPE_CHECKING:
    from ctc.plugin import Option


_TYPES = {
    "text": click.STRING,
    "integer": click.INT,
    "number": click.FLOAT,
    "flag": click.BOOL,
    "path": PATH_OR_URL,
}


def to_click_option(option: Option) -> click.Option:
    """The option of a command for an option of a plugin."""
    default: dict[str, Any] = (
        {} if option.required else {"default": () if option.multiple else option.default}
    )
    return click.Option(
        [f"--{option.name}", option.key],
        type=_TYPES[option.type],
        is_flag=option.type == "flag",
        required=option.required,
        multiple=option.multiple,
        **default,  # to click, a default of None is a value as well
        metavar=option.metavar,
        help=option.help + (" Repeatable." if option.multiple else ""),
    )


@dataclass(frozen=True)
class PluginKind:
    """A kind of plugin that declares options: `record_name` of ctc.plugin. Those that are given
    reach the command as the dict `dest`."""

    record_name: str
    dest: str


FORMATS = PluginKind("OutputFormat", "format_options")
ENGINES = PluginKind("Engine", "engine_options")


class PluginOptionsCommand(click.Command):
    """A command with the options of every plugin of some kinds. The plugins are loaded when the
    command is run or its help is shown."""

    kinds: ClassVar[tuple[PluginKind, ...]]

    def get_params(self, context: click.Context) -> list[click.Parameter]:
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
    """With the options of output formats."""

    kinds = (FORMATS,)


class EnginesCommand(PluginOptionsCommand):
    """With those of engines."""

    kinds = (ENGINES,)


class FormatsAndEnginesCommand(PluginOptionsCommand):
    """With those of both."""

    kinds = (FORMATS, ENGINES)


def plugin_option_values(context: click.Context) -> dict[str, Any]:
    """The values of all such options."""
    return {
        name: value
        for kind in (FORMATS, ENGINES)
        for name, value in context.params.get(kind.dest, {}).items()
    }


def build_plugin_options(
    records: Iterable[OutputFormat | Engine], reserved: Collection[str], dest: str = FORMATS.dest
) -> list[click.Option]:
    """The options of all records of a kind, each once; `reserved` are the names that are taken.

    Raises PluginError when one name has two meanings.
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
                f"the {title} '{names[0]}' declares '--{option.name}', an option that the command has; the plugin's author must rename it"
            )
        other = first.setdefault(option.name, names[0])
        if other != names[0]:
            raise PluginError(
                f"the {title}s '{other}' and '{names[0]}' declare different options '--{option.name}'; the plugin's author must rename one"
            )
    return [_build_option(option, names, dest) for option, names in owners.items()]


def _build_option(option: Option, owners: list[str], dest: str) -> click.Option:
    """Without its default, so that it shows whether it was given: only the chosen plugin may have
    it."""
    help_text = f"{', '.join(owners)}: {option.help}"
    parameter = to_click_option(replace(option, help=help_text, required=False, default=None))
    parameter.expose_value = False
    parameter.callback = _collect_into(dest)
    return parameter


def _collect_into(dest: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def keep(context: click.Context, parameter: click.Parameter, value: Any) -> None:
        kept = context.params.setdefault(dest, {})
        if value is not None and value != ():
            kept[parameter.name] = value

    return keep
