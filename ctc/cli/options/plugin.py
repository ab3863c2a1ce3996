"""Options that plugins declare, as options of commands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import click
from click.core import ParameterSource

from ctc.cli.options.option import CommandOption
from ctc.cli.options.values.paths import PATH_OR_URL

if TYPE_CHECKING:
    from ctc.plugin import Option
    from ctc.plugin.records import PluginRecord

_TYPES = {
    "text": click.STRING,
    "integer": click.INT,
    "number": click.FLOAT,
    "flag": click.BOOL,
    "path": PATH_OR_URL,
}


class DeclaredOption(CommandOption):
    """An option of a command, for one that a plugin declares as a `ctc.plugin.Option`."""

    def __init__(self, declared: Option, *, is_shared: bool = False, **attributes: Any) -> None:
        self._declared, self._is_shared = declared, is_shared
        super().__init__(
            [f"--{declared.name}", declared.key],
            **{
                "type": click_type(declared),
                "is_flag": declared.type == "flag",
                "multiple": declared.multiple,
                "metavar": declared.metavar,
                "help": declared.help + _repeatable(declared),
                **attributes,
            },
        )

    def default_text(self) -> str | None:
        """Return the default that the plugin declares, unless the help names it."""
        if self._is_shared or "[default:" in self._declared.help:
            return None
        return super().default_text() or self.format_default(self._declared.default)


def click_type(declared: Option) -> click.ParamType[Any]:
    """Return the type that parses the values of an option, with its choices or bounds."""
    if declared.choices:
        return click.Choice(declared.choices)
    if (declared.minimum, declared.maximum) == (None, None):
        return _TYPES[declared.type]
    if declared.type == "number":
        return click.FloatRange(declared.minimum, declared.maximum)
    lowest, highest = (
        None if bound is None else int(bound) for bound in (declared.minimum, declared.maximum)
    )
    return click.IntRange(lowest, highest)


def _repeatable(declared: Option) -> str:
    return " Repeatable." if declared.multiple else ""


def to_click_option(declared: Option) -> click.Option:
    """Return the option of a command that belongs to one plugin, such as an input format."""
    if declared.required:
        return DeclaredOption(declared, required=True)
    # for click, a default of None is a value as well
    return DeclaredOption(declared, default=() if declared.multiple else declared.default)


@dataclass(frozen=True)
class PluginKind:
    """A kind of plugin that declares options.

    `record_name` is the class in `ctc.plugin`. Values that are given reach the command as the
    `GivenOptions` `dest`.
    """

    record_name: str
    dest: str


FORMATS = PluginKind("OutputFormat", "format_options")
ENGINES = PluginKind("Engine", "engine_options")
AGGREGATIONS = PluginKind("Aggregation", "aggregation_options")
BACKBONES = PluginKind("Backbone", "backbone_options")
LOADERS = PluginKind("Loader", "loader_options")
_KINDS = (FORMATS, ENGINES, AGGREGATIONS, BACKBONES, LOADERS)


class PluginOptionsCommand(click.Command):
    """A command with the options of every plugin of some kinds.

    The plugins are loaded when the command is run or its help is shown.
    """

    kinds: ClassVar[tuple[PluginKind, ...]]

    def get_params(self, context: click.Context) -> list[click.Parameter]:
        """Return the command's own options, those of plugins, and `--help`."""
        *own, help_option = super().get_params(context)
        return [*own, *self._plugin_options, help_option]

    def invoke(self, context: click.Context) -> Any:
        """Pass on an empty dict for each kind whose plugins have no options."""
        for kind in self.kinds:
            context.params.setdefault(kind.dest, {})
        return super().invoke(context)

    @cached_property
    def _plugin_options(self) -> list[click.Option]:
        from ctc import plugin
        from ctc.plugin.manager import plugins

        return [
            option
            for kind in self.kinds
            for option in build_plugin_options(
                plugins().all(getattr(plugin, kind.record_name)).values(), kind.dest
            )
        ]


def command_with(*kinds: PluginKind) -> type[PluginOptionsCommand]:
    """Return the class of a command with the options of plugins of these kinds."""
    return type("CommandWithPluginOptions", (PluginOptionsCommand,), {"kinds": kinds})


def plugin_option_values(context: click.Context) -> dict[str, Any]:
    """Return the values of all options of plugins that are given."""
    return {
        name: value for kind in _KINDS for name, value in context.params.get(kind.dest, {}).items()
    }


def build_plugin_options(
    records: Iterable[PluginRecord], dest: str = FORMATS.dest
) -> list[click.Option]:
    """Return the options of all records of a kind, each name once.

    Records that share a name agree on the form of its values, since others are not loaded.
    """
    declared: dict[str, list[tuple[str, Option]]] = {}
    for record in records:
        for option in record.options:
            declared.setdefault(option.name, []).append((record.name, option))
    return [_build_option(owned, dest) for owned in declared.values()]


def _build_option(owned: Sequence[tuple[str, Option]], dest: str) -> click.Option:
    """Return an option without a default, so that only values that are given are passed on.

    `owned`: the names of records, each with its declaration. The default that the plugin declares
    is shown; the plugin itself applies it.
    """
    owners: dict[Option, list[str]] = {}
    for name, declared in owned:
        owners.setdefault(declared, []).append(name)
    first, *others = owners
    texts = [
        f"{', '.join(names)}: {declared.help}{_repeatable(declared)}"
        + (_default_note(declared) if others else "")
        for declared, names in owners.items()
    ]
    attributes: dict[str, Any] = {"help": " ".join(texts), "default": None}
    if others:
        attributes |= {"is_shared": True, "type": _common_type([first, *others])}
    option = DeclaredOption(first, **attributes)
    option.expose_value = False
    option.callback = _collect_into(dest)
    return option


def _common_type(declared: Sequence[Option]) -> click.ParamType[Any]:
    """Return the type with choices or bounds if they agree; else each record checks its own."""
    limits = {(one.choices, one.minimum, one.maximum) for one in declared}
    return click_type(declared[0]) if len(limits) == 1 else _TYPES[declared[0].type]


def _default_note(declared: Option) -> str:
    shown = declared.default not in (None, False) and "[default:" not in declared.help
    return f" [default: {declared.default}]" if shown else ""


def _collect_into(dest: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def collect(context: click.Context, parameter: click.Parameter, value: Any) -> None:
        from ctc.plugin.option_values import GivenOptions

        given = context.params.setdefault(dest, GivenOptions())
        if value is None or value == ():
            return
        name = parameter.name or ""
        given[name] = value
        if context.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
            given.settings |= {name}

    return collect
