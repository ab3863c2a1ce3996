"""Discovery and loading of plugins.

Plugins are loaded one at a time, sorted; a broken one is skipped with a warning. Environment
variables: `CTC_PLUGINS` (comma-separated plugins to load besides the built-ins; '' = built-ins
only), `CTC_DISABLE_PLUGINS` (comma-separated plugins not to load), `CTC_STRICT_PLUGINS=1` (a broken
plugin is an error).
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import EntryPoint
from typing import Any, TypeVar, cast

import pluggy

from ctc.errors import PluginError, UsageError, did_you_mean
from ctc.plugin import hookspecs
from ctc.plugin.entry_points import (
    DISABLED_VARIABLE,
    STRICT_VARIABLE,
    Owner,
    SkippedPlugin,
    describe_error,
    disabled_reason,
    get_owner,
    iter_entry_points,
)
from ctc.plugin.heavy_imports import warn_heavy_imports
from ctc.plugin.records import (
    Aggregation,
    Backbone,
    Engine,
    InputFormat,
    Loader,
    OutputFormat,
    PluginRecord,
)
from ctc.plugin.third_party import ThirdPartyRecord, raised_by_plugin, stdout_to_stderr, wrap_record

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RecordKind:
    """A kind of plugin: its hook, the record type of that hook, and its name in messages."""

    hook: str
    record_type: type[Any]
    title: str


KINDS = (
    RecordKind("ctc_input_formats", InputFormat, "input format"),
    RecordKind("ctc_loaders", Loader, "loader"),
    RecordKind("ctc_backbones", Backbone, "backbone"),
    RecordKind("ctc_aggregations", Aggregation, "aggregation"),
    RecordKind("ctc_output_formats", OutputFormat, "output format"),
    RecordKind("ctc_engines", Engine, "engine"),
)
_KIND_BY_RECORD_TYPE = {kind.record_type: kind for kind in KINDS}

R = TypeVar("R", InputFormat, Loader, Backbone, Aggregation, OutputFormat, Engine)


def kind_title(record_type: type[Any]) -> str:
    """Return the name of a kind of plugin in messages."""
    return _KIND_BY_RECORD_TYPE[record_type].title


@dataclass(frozen=True)
class LoadedRecord:
    """A record with its kind and owner."""

    kind: RecordKind
    record: PluginRecord
    owner: Owner


class Plugins:
    """All plugins: the loaded ones, the broken ones, and those that the environment disables."""

    def __init__(
        self,
        loaded: Iterable[LoadedRecord],
        broken: Iterable[SkippedPlugin] = (),
        disabled: Iterable[SkippedPlugin] = (),
    ) -> None:
        self.loaded = tuple(loaded)
        self.broken = tuple(broken)
        self.disabled = tuple(disabled)
        self._by_kind = {kind.hook: self._index_by_name(kind) for kind in KINDS}

    def all(self, record_type: type[R]) -> Mapping[str, R]:
        """Return the records of one kind by name, sorted."""
        records = self._by_kind[_KIND_BY_RECORD_TYPE[record_type].hook]
        return {name: cast(R, records[name].record) for name in sorted(records)}

    def get(self, record_type: type[R], name: str) -> R:
        """Return the record called `name`.

        Raises UsageError with the closest name if it is unknown, or PluginError with the reason if
        its plugin was skipped.
        """
        known = self.all(record_type)
        if name in known:
            return known[name]
        for skipped in (*self.broken, *self.disabled):
            if name in (skipped.owner.entry_point, skipped.owner.distribution):
                raise PluginError(str(skipped))
        raise UsageError(f"no {kind_title(record_type)} called '{name}'{did_you_mean(name, known)}")

    def _index_by_name(self, kind: RecordKind) -> dict[str, LoadedRecord]:
        named: dict[str, LoadedRecord] = {}
        for found in self.loaded:
            if found.kind is kind:
                other = named.setdefault(found.record.name, found)
                if other is not found:
                    raise PluginError(_clash_message(other, found))
        return named


@cache
def plugins() -> Plugins:
    """Return all installed plugins, loaded at the first call; log the broken ones as warnings."""
    everything = discover()
    for skipped in everything.broken:
        log.warning("%s", skipped)
    return everything


def discover(
    points: Iterable[EntryPoint | SkippedPlugin] | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Plugins:
    """Load the entry points of the group `ctc` (or `points`), sorted by name, then distribution.

    Raises PluginError if two plugins have a record of the same kind and name, and with
    CTC_STRICT_PLUGINS=1 if a plugin is broken.
    """
    manager = pluggy.PluginManager("ctc")
    manager.add_hookspecs(hookspecs)
    found: list[LoadedRecord] = []
    broken: list[SkippedPlugin] = []
    disabled: list[SkippedPlugin] = []
    for owner, point in _sorted_by_owner(iter_entry_points() if points is None else points):
        reason = disabled_reason(owner, environ)
        if reason:
            disabled.append(SkippedPlugin(owner, reason))
            continue
        loaded = point if isinstance(point, SkippedPlugin) else _try_load(manager, point, owner)
        if not isinstance(loaded, SkippedPlugin):
            found.extend(loaded)
        elif environ.get(STRICT_VARIABLE) == "1":
            raise PluginError(f"plugin {owner} is broken: {loaded.reason}")
        else:
            broken.append(loaded)
    return Plugins(found, broken, disabled)


def _sorted_by_owner(
    points: Iterable[EntryPoint | SkippedPlugin],
) -> list[tuple[Owner, EntryPoint | SkippedPlugin]]:
    owned = [
        (point.owner if isinstance(point, SkippedPlugin) else get_owner(point), point)
        for point in points
    ]
    return sorted(owned, key=lambda pair: pair[0])


def _try_load(
    manager: pluggy.PluginManager, point: EntryPoint, owner: Owner
) -> list[LoadedRecord] | SkippedPlugin:
    try:
        with stdout_to_stderr(), warn_heavy_imports(owner):
            return _load(manager, point, owner)
    except BaseException as error:  # a plugin may raise anything; the others are still loaded
        if not raised_by_plugin(error):
            raise
        return SkippedPlugin(owner, describe_error(error))


def _load(manager: pluggy.PluginManager, point: EntryPoint, owner: Owner) -> list[LoadedRecord]:
    plugin = point.load()
    name = f"{owner.distribution}:{owner.entry_point}"
    _check_hook_names(plugin)
    manager.register(plugin, name)
    try:
        found = [
            LoadedRecord(kind, record, owner) for kind in KINDS for record in _records(kind, plugin)
        ]
    except BaseException:
        manager.unregister(name=name)
        raise
    return found if owner.is_built_in else [_wrap_third_party(one) for one in found]


def _wrap_third_party(found: LoadedRecord) -> LoadedRecord:
    third_party = ThirdPartyRecord(found.owner, found.kind.title, found.record.name)
    return replace(found, record=wrap_record(found.record, third_party))


def _check_hook_names(plugin: object) -> None:
    known = {kind.hook for kind in KINDS}
    marked = {name for name in dir(plugin) if hasattr(getattr(plugin, name), "ctc_impl")}
    for name in sorted(marked - known):
        raise PluginError(f"there is no hook called '{name}'{did_you_mean(name, known)}")
    for name in sorted(known - marked):
        if callable(getattr(plugin, name, None)):
            raise PluginError(f"'{name}' lacks the @hookimpl decorator")
    if not marked:
        raise PluginError("it has no function marked with @hookimpl")


def _records(kind: RecordKind, plugin: object) -> list[Any]:
    hook = getattr(plugin, kind.hook, None)
    if hook is None:
        return []
    returned = hook()
    if not isinstance(returned, Iterable):
        raise PluginError(
            f"{kind.hook} returned a {type(returned).__name__}, "
            f"not a list of {kind.record_type.__name__}"
        )
    records = list(returned)
    for record in records:
        if not isinstance(record, kind.record_type):
            raise PluginError(
                f"{kind.hook} returned a {type(record).__name__}, "
                f"not {kind.record_type.__name__} records"
            )
        if (
            not isinstance(record.name, str)
            or not record.name
            or record.name.split() != [record.name]
        ):
            raise PluginError(
                f"{kind.hook} returned a record named {record.name!r}: a name must be one word"
            )
    return records


def _clash_message(one: LoadedRecord, other: LoadedRecord) -> str:
    third_party = one.owner if other.owner.is_built_in else other.owner
    unique = one.owner.entry_point != other.owner.entry_point
    name = third_party.entry_point if unique else third_party.distribution
    return (
        f"two plugins have the {one.kind.title} '{one.record.name}': "
        f"{one.owner} and {other.owner}; "
        f"uninstall one, or disable one with {DISABLED_VARIABLE}={name}"
    )
