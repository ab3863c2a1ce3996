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

from ctc.cli.options.paths import PLACE

if TYPE_CHECKING:
    from ctc.plugin import Option


_TYPES = {"text": click.STRING, "integer": click.INT, "number": click.FLOAT, "flag": click.BOOL, "path": PLACE}


def declared(option: Option) -> click.Option:
    """The option of a command for an option of a plugin."""
    default: dict[str, Any] = {} if option.required else {"default": () if option.multiple else option.default}
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
class Declaring:
    """A kind of plugin that declares options: `record` of ctc.plugin. Those that are given reach the command as the dict `given`."""

    record: str
    given: str


FORMATS = Declaring("OutputFormat", "format_options")
ENGINES = Declaring("Engine", "engine_options")


class DeclaredCommand(click.Command):
    """A command with the options of every plugin of some kinds. The plugins are loaded when the command is run or its help is shown."""

    kinds: ClassVar[tuple[Declaring, ...]]

    def get_params(self, context: click.Context) -> list[click.Parameter]:
        *own, help_option = super().get_params(context)
        return [*own, *self._declared, help_option]

    @cached_property
    def _declared(self) -> list[click.Option]:
        from ctc import plugin
        from ctc.plugin.manager import plugins

        own = [name for parameter in self.params for name in parameter.opts]
        found: list[click.Option] = []
        for kind in self.kinds:
            taken = [*own, *(name for option in found for name in option.opts)]
            found += options_of_plugins(plugins().all(getattr(plugin, kind.record)).values(), taken, kind.given)
        return found


class FormatsCommand(DeclaredCommand):
    """With the options of output formats."""

    kinds = (FORMATS,)


class EnginesCommand(DeclaredCommand):
    """With those of engines."""

    kinds = (ENGINES,)


class FormatsAndEnginesCommand(DeclaredCommand):
    """With those of both."""

    kinds = (FORMATS, ENGINES)


def given_to_plugins(context: click.Context) -> dict[str, Any]:
    """The values of all such options."""
    return {name: value for kind in (FORMATS, ENGINES) for name, value in context.params.get(kind.given, {}).items()}


def options_of_plugins(
    records: Iterable[OutputFormat | Engine], own: Collection[str], given: str = FORMATS.given
) -> list[click.Option]:
    """The options of all records of a kind, each once; `own` are the names that are taken.

    Raises PluginError when one name has two meanings.
    """
    from ctc.plugin.manager import title_of

    owners: dict[Option, list[str]] = {}
    title = ""
    for record in records:
        title = title_of(type(record))
        for option in record.options:
            owners.setdefault(option, []).append(record.name)
    first: dict[str, str] = {}
    for option, names in owners.items():
        if f"--{option.name}" in own:
            raise PluginError(
                f"the {title} '{names[0]}' declares '--{option.name}', an option that the command has; the plugin's author must rename it"
            )
        other = first.setdefault(option.name, names[0])
        if other != names[0]:
            raise PluginError(
                f"the {title}s '{other}' and '{names[0]}' declare different options '--{option.name}'; the plugin's author must rename one"
            )
    return [_parameter(option, names, given) for option, names in owners.items()]


def _parameter(option: Option, owners: list[str], given: str) -> click.Option:
    """Without its default, so that it shows whether it was given: only the chosen plugin may have it."""
    help_text = f"{', '.join(owners)}: {option.help}"
    parameter = declared(replace(option, help=help_text, required=False, default=None))
    parameter.expose_value = False
    parameter.callback = _keeping(given)
    return parameter


def _keeping(given: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def keep(context: click.Context, parameter: click.Parameter, value: Any) -> None:
        kept = context.params.setdefault(given, {})
        if value is not None and value != ():
            kept[parameter.name] = value

    return keep
