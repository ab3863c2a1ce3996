"""The options that a plugin declares: whether they are sound, and the values that its functions
get."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, get_args

from ctc.plugin.records import Option, OptionType
from ctc.testing.expect import expect

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


class OptionValues(Mapping[str, Any]):
    """The values of the declared options by key. `undeclared`: what was asked for and isn't
    there."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values
        self.undeclared = ""

    def __getitem__(self, key: str) -> Any:
        if key not in self._values:
            self.undeclared = key
        return self._values[key]

    @contextmanager
    def expect_declared(self, what: str) -> Iterator[None]:
        """Within the block, whatever becomes of it, only declared options are asked for."""
        try:
            yield
        finally:
            told = (
                f"{what} asks for the option '{self.undeclared}', which the record doesn't declare"
            )
            expect(not self.undeclared, told)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def check_options(options: Sequence[Option]) -> None:
    """Names in lower case with dashes, each once; known types; a help text."""
    for option in options:
        name = option.name
        expect(
            bool(_NAME.fullmatch(name)),
            f"the option '{name}' is not in lower case with dashes, like 'event-id'",
        )
        expect(
            option.type in get_args(OptionType),
            f"the option '{name}' has the unknown type '{option.type}'",
        )
        expect(bool(option.help.strip()), f"the option '{name}' has no help text")
    names = [option.name for option in options]
    twice = sorted({name for name in names if names.count(name) > 1})
    expect(not twice, f"two options are called '{''.join(twice[:1])}'")


def resolve_options(options: Iterable[Option], provided: Mapping[str, Any] | None) -> OptionValues:
    """As the command line hands them over: a value for each declared option, those `provided` or
    the default."""
    declared = {option.key: option for option in options}
    for key in provided or {}:
        expect(
            key in declared,
            f"the option '{key}' is given, but the record declares none of that name",
        )
    values = {
        key: () if option.multiple else option.default for key, option in declared.items()
    } | dict(provided or {})
    lacking = sorted(key for key, option in declared.items() if option.required and not values[key])
    expect(
        not lacking,
        f"the option '{''.join(lacking[:1])}' is required: hand a value to the check, in `options`",
    )
    return OptionValues(values)
