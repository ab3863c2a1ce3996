"""Conflicts between records of different plugins.

A record whose name or option is taken is not used, so that one plugin can't stop the commands of
all. Built-in plugins come first, then the others in the order in which they are loaded.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ctc.plugin.entry_points import SkippedPlugin
from ctc.plugin.host_commands import HOST_COMMANDS, HostCommand
from ctc.plugin.kinds import LoadedRecord
from ctc.plugin.option import Option


def split_conflicts(
    loaded: Iterable[LoadedRecord],
) -> tuple[list[LoadedRecord], list[SkippedPlugin]]:
    """Return the records that can be used together, and those that can't, with the reason."""
    taken = _Taken()
    kept: list[LoadedRecord] = []
    skipped: list[SkippedPlugin] = []
    for entry in sorted(loaded, key=lambda one: not one.owner.is_built_in):
        fault = taken.find_fault(entry)
        if fault:
            skipped.append(SkippedPlugin(entry.owner, fault, entry.kind.title, entry.record.name))
        else:
            taken.add(entry)
            kept.append(entry)
    return kept, skipped


def find_reserved_option(kind: str, options: Iterable[Option]) -> str | None:
    """Return why a record of this kind can't have one of these options, or None.

    `kind` is the name of the kind in messages: "output format".
    """
    for command in HOST_COMMANDS:
        for option in options if kind in command.kinds else ():
            if {option.name, option.key.replace("_", "-")} & command.own_options:
                return f"'--{option.name}' is an option of `ctc {command.name}` itself"
    return None


@dataclass
class _Taken:
    """The names of records and options that are in use."""

    names: dict[tuple[str, str], LoadedRecord] = field(default_factory=dict)
    options: dict[tuple[str, str], tuple[LoadedRecord, Option]] = field(default_factory=dict)

    def add(self, entry: LoadedRecord) -> None:
        self.names[entry.kind.hook, entry.record.name] = entry
        for command in _sharing_commands(entry):
            for option in entry.record.options:
                self.options.setdefault((command.name, option.name), (entry, option))

    def find_fault(self, entry: LoadedRecord) -> str | None:
        """Return why the record can't be used beside the others, or None."""
        other = self.names.get((entry.kind.hook, entry.record.name))
        if other:
            return (
                f"plugin {other.owner} has the same {entry.kind.title}: its author must rename it"
            )
        reserved = find_reserved_option(entry.kind.title, entry.record.options)
        if reserved:
            return f"{reserved}: its author must rename it"
        faults = (
            self._option_fault(entry, option, command)
            for command in _sharing_commands(entry)
            for option in entry.record.options
        )
        return next(filter(None, faults), None)

    def _option_fault(
        self, entry: LoadedRecord, option: Option, command: HostCommand
    ) -> str | None:
        if (command.name, option.name) not in self.options:
            return None
        other, known = self.options[command.name, option.name]
        owner = f"the {other.kind.title} '{other.record.name}'"
        if other.kind is not entry.kind:
            return f"'--{option.name}' is an option of {owner}: its author must rename it"
        if option.form == known.form:
            return None
        return (
            f"its option '--{option.name}' is a {option.form}, that of {owner} a {known.form}: "
            "its author must rename it"
        )


def _sharing_commands(entry: LoadedRecord) -> list[HostCommand]:
    """Return the commands that have the options of all records of this kind at once."""
    return [
        command for command in HOST_COMMANDS if command.shared and entry.kind.title in command.kinds
    ]
