"""The option class of every command: its help shows the default, `N` for a number, and the names
that plugins offer."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from copy import copy
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.shell_completion import CompletionItem
from click.types import FloatParamType, IntParamType

if TYPE_CHECKING:
    from click.types import OptionHelpExtra

    from ctc.plugin.records import PluginRecord

Command = TypeVar("Command", bound=Callable[..., Any] | click.Command)
NUMBER_METAVAR = "N"


class PluginName(click.ParamType[str]):
    """The name of a plugin of one kind.

    `record_name` is the class of `ctc.plugin` that such plugins hand over; `describe` returns how
    `--help` lists one of them. The plugins are loaded for help and completion only; the command
    itself rejects an unknown name.
    """

    name = "name"

    def __init__(
        self, record_name: str, describe: Callable[[Any], str] = lambda record: str(record.name)
    ) -> None:
        self.record_name = record_name
        self._describe = describe

    def choices(self) -> str:
        """Return the names of all such plugins that are installed, separated by commas."""
        return ", ".join(map(self._describe, self._records()))

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem[str]]:
        """Return the names that begin with `incomplete`, with their summaries."""
        del ctx, param
        return [
            CompletionItem(record.name, help=record.summary)
            for record in self._records()
            if record.name.startswith(incomplete)
        ]

    def _records(self) -> Sequence[PluginRecord]:
        from ctc import plugin
        from ctc.plugin.manager import plugins

        return list(plugins().all(getattr(plugin, self.record_name)).values())


class CommandOption(click.Option):
    """An option that shows its default.

    `show_default` may be a function that returns the text, which is called for `--help` only.
    Subclasses override `fallback` where the default is in a configuration record, and the value
    must stay None when the option is not given.
    """

    def __init__(
        self,
        param_decls: Sequence[str] | None = None,
        *,
        show_default: bool | str | Callable[[], str] = True,
        **attributes: Any,
    ) -> None:
        self._describe_default = show_default if callable(show_default) else None
        shown = True if callable(show_default) else show_default
        super().__init__(param_decls, show_default=shown, **attributes)

    def process_value(self, ctx: click.Context, value: Any) -> Any:
        """Return the value; raises click.BadParameter for NaN, which passes every range."""
        found = super().process_value(ctx, value)
        for one in found if isinstance(found, tuple) else (found,):
            if isinstance(one, float) and math.isnan(one):
                raise click.BadParameter("nan is not a number", ctx, self)
        return found

    def fallback(self) -> Any:
        """Return the value that the command uses when the option has none, or None."""
        return None

    def default_text(self) -> str | None:
        """Return how `--help` shows the default, unless click shows it already."""
        if self._describe_default:
            return self._describe_default()
        if isinstance(self.show_default, str):
            return self.show_default
        return self.format_default(self.fallback())

    def format_default(self, value: Any) -> str | None:
        """Return the text for a default, or None for one that is not worth showing."""
        if isinstance(value, bool) and self.secondary_opts:
            return (self.opts if value else self.secondary_opts)[0].lstrip("-")
        if value is None or value is False or value == ():
            return None
        return f"{value:g}" if isinstance(value, float) else str(value)

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Append the names that plugins offer to the help text."""
        if not isinstance(self.type, PluginName):
            return super().get_help_record(ctx)
        shown = copy(self)
        shown.help = f"{self.help} Installed: {self.type.choices()}."
        return click.Option.get_help_record(shown, ctx)

    def get_help_extra(self, ctx: click.Context) -> OptionHelpExtra:
        """Add the default, and name the value in the range as the option does."""
        extra = super().get_help_extra(ctx)
        text = self.default_text()
        if text is not None and ("default" not in extra or text == self.show_default):
            extra["default"] = text
        if "range" in extra:
            extra["range"] = extra["range"].replace("x", self.make_metavar(ctx))
        return extra

    def make_metavar(self, ctx: click.Context) -> str:
        """Return `N` for numbers, unless the option has a metavar of its own."""
        if self.metavar is None and isinstance(self.type, IntParamType | FloatParamType):
            return NUMBER_METAVAR
        return super().make_metavar(ctx)


option = partial(click.option, cls=CommandOption)
"""`click.option` for a CommandOption."""

Decorator = Callable[[Any], Any]


def apply_options(options: Sequence[Decorator]) -> Callable[[Command], Command]:
    """Return a decorator that adds `options` to a command function, in this order."""

    def decorate(command: Any) -> Any:
        for add_option in reversed(options):
            command = add_option(command)
        return command

    return decorate
