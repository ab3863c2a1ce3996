"""Contract check of the options that a plugin declares, and their values for the check."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ctc.plugin.conflicts import split_conflicts
from ctc.plugin.entry_points import Owner
from ctc.plugin.kinds import LoadedRecord, kind_of
from ctc.plugin.manager import plugins
from ctc.plugin.option import Option, find_options_fault
from ctc.plugin.records import PluginRecord
from ctc.testing.expect import expect


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


def check_options(record: PluginRecord) -> None:
    """Check the declarations of options, and that no command or built-in plugin has these names."""
    fault = find_options_fault(record.options)
    expect(fault is None, str(fault))
    kind = kind_of(type(record))
    others = [
        entry
        for entry in plugins().loaded
        if entry.owner.is_built_in and (entry.kind, entry.record.name) != (kind, record.name)
    ]
    _, skipped = split_conflicts([*others, LoadedRecord(kind, record, Owner("", "", ""))])
    expect(not skipped, "".join(one.reason for one in skipped))


def resolve_options(options: Iterable[Option], provided: Mapping[str, Any] | None) -> OptionValues:
    """Return a value for each declared option, as the command line does."""
    declared = {option.key: option for option in options}
    for key in provided or {}:
        expect(
            key in declared,
            f"the option '{key}' is given, but the record doesn't declare it",
        )
    for key, value in (provided or {}).items():
        for one in value if declared[key].multiple else (value,):
            fault = declared[key].find_fault(one)
            expect(fault is None, f"the option '{key}' is {one!r}, which {fault}")
    values = {
        key: () if option.multiple else option.default for key, option in declared.items()
    } | dict(provided or {})
    missing = sorted(key for key, option in declared.items() if option.required and not values[key])
    expect(
        not missing,
        f"the option '{''.join(missing[:1])}' is required: pass a value in `options`",
    )
    return OptionValues(values)
