"""Contract check of the options that a plugin declares, and their values for the check."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, get_args

from ctc.plugin.option import Option, find_options_fault
from ctc.testing.expect import expect

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


class OptionValues(Mapping[str, Any]):
    """Values of the declared options by key; `undeclared`: a key that was used but not declared."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values
        self.undeclared = ""

    def __getitem__(self, key: str) -> Any:
        if key not in self._values:
            self.undeclared = key
        return self._values[key]

    @contextmanager
    def expect_declared(self, what: str) -> Iterator[None]:
        """Check that code inside the block uses only declared options, even if it raises."""
        try:
            yield
        finally:
            expect(
                not self.undeclared,
                f"{what} asks for the option '{self.undeclared}', which the record doesn't declare",
            )

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def check_options(options: Sequence[Option]) -> None:
    """Check that names are in lower case and unique, types are known, help texts exist."""
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
    duplicates = sorted({name for name in names if names.count(name) > 1})
    expect(not duplicates, f"two options are called '{''.join(duplicates[:1])}'")


def resolve_options(options: Iterable[Option], provided: Mapping[str, Any] | None) -> OptionValues:
    """Return a value for each declared option, as the command line does."""
    declared = {option.key: option for option in options}
    for key in provided or {}:
        expect(
            key in declared,
            f"the option '{key}' is given, but the record doesn't declare it",
        )
    values = {
        key: () if option.multiple else option.default for key, option in declared.items()
    } | dict(provided or {})
    missing = sorted(key for key, option in declared.items() if option.required and not values[key])
    expect(
        not missing,
        f"the option '{''.join(missing[:1])}' is required: pass a value in `options`",
    )
    return OptionValues(values)
