"""Options that plugins declare."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

OptionType = Literal["text", "integer", "number", "flag", "path"]


@dataclass(frozen=True)
class Option:
    """A command-line option of a plugin, declared as data.

    `name` is the long option without dashes (`event-id`). The command line shows it in `--help`,
    parses it and passes the value to the plugin under the name with underscores (`event_id`): a
    tuple if `multiple`, else a value of `type` or `default`. `choices`: the texts that are allowed,
    if not all are. `minimum`, `maximum`: the bounds of a number, both included. Several records of
    a kind may declare an option of one name, if `type` and `multiple` are the same.
    """

    name: str
    help: str
    type: OptionType = "text"
    metavar: str | None = None
    required: bool = False
    multiple: bool = False
    default: str | int | float | bool | None = None
    choices: tuple[str, ...] = field(default=(), kw_only=True)
    minimum: float | None = field(default=None, kw_only=True)
    maximum: float | None = field(default=None, kw_only=True)

    @property
    def key(self) -> str:
        """The key under which the plugin receives the value."""
        return self.name.replace("-", "_")

    @property
    def form(self) -> str:
        """The form of its values, in words."""
        return f"{self.type} (repeatable)" if self.multiple else self.type

    def find_fault(self, value: object) -> str | None:
        """Return what is wrong with a value that is neither text of a choice nor within bounds."""
        if self.choices and value not in self.choices:
            return f"is not one of {', '.join(map(repr, self.choices))}"
        if not isinstance(value, int | float) or isinstance(value, bool):
            return None
        if self.minimum is not None and value < self.minimum:
            return f"is less than {self.minimum:g}"
        if self.maximum is not None and value > self.maximum:
            return f"is more than {self.maximum:g}"
        return None


_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def find_options_fault(options: Any) -> str | None:
    """Return what is wrong with the options that a record declares, or None."""
    if not isinstance(options, tuple) or not all(isinstance(one, Option) for one in options):
        return f"its options are {options!r}, not a tuple of Option"
    names = [option.name for option in options]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        return f"two options are called '{twice[0]}'"
    return next(filter(None, map(_find_option_fault, options)), None)


def _find_option_fault(option: Option) -> str | None:
    named = f"the option '{option.name}'"
    if not isinstance(option.name, str) or not _NAME.fullmatch(option.name):
        return f"{named} is not in lower case with dashes, like 'event-id'"
    if option.type not in get_args(OptionType):
        return f"{named} has the unknown type '{option.type}'"
    if not isinstance(option.help, str) or not option.help.strip():
        return f"{named} has no help text"
    if option.choices and (option.type != "text" or not _are_texts(option.choices)):
        return f"{named} has choices, which are for the type 'text' and are a tuple of text"
    if (option.minimum, option.maximum) != (None, None) and option.type not in (
        "integer",
        "number",
    ):
        return f"{named} has a minimum or maximum, which are for numbers"
    fault = None if option.default is None else option.find_fault(option.default)
    return f"{named} has the default {option.default!r}, which {fault}" if fault else None


def _are_texts(values: Sequence[Any]) -> bool:
    return isinstance(values, tuple) and all(isinstance(value, str) for value in values)
