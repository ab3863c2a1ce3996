"""Finding plugins: one at a time, sorted, a broken one costs a line and not the tool.

Environment: `CTC_PLUGINS` (comma list of plugins to load beside the built-ins; '' = built-ins only), `CTC_DISABLE_PLUGINS`
(comma list not to load), `CTC_STRICT_PLUGINS=1` (a broken plugin is an error).
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
from ctc.plugin.entry_points import DISABLED, STRICT, Owner, Skipped, installed, owner_of, reason, switched_off
from ctc.plugin.heavy_imports import heavy_imports_told
from ctc.plugin.records import Aggregation, Backbone, Engine, InputFormat, Loader, OutputFormat, Record
from ctc.plugin.third_party import Guest, guarded, of_guest, quiet_stdout

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Kind:
    """One kind of plugin: its hook, the record it must return, and how messages call it."""

    hook: str
    record: type[Any]
    title: str


KINDS = (
    Kind("ctc_input_formats", InputFormat, "input format"),
    Kind("ctc_loaders", Loader, "loader"),
    Kind("ctc_backbones", Backbone, "backbone"),
    Kind("ctc_aggregations", Aggregation, "aggregation"),
    Kind("ctc_output_formats", OutputFormat, "output format"),
    Kind("ctc_engines", Engine, "engine"),
)
_KIND_OF = {kind.record: kind for kind in KINDS}

R = TypeVar("R", InputFormat, Loader, Backbone, Aggregation, OutputFormat, Engine)


def title_of(record_type: type[Any]) -> str:
    """How messages call a kind of plugin."""
    return _KIND_OF[record_type].title


@dataclass(frozen=True)
class Found:
    """A record with its kind and owner."""

    kind: Kind
    record: Record
    owner: Owner


class Plugins:
    """All plugins that could be loaded (`found`), those that could not (`broken`) and those that were not wanted (`off`)."""

    def __init__(self, found: Iterable[Found], broken: Iterable[Skipped] = (), off: Iterable[Skipped] = ()) -> None:
        self.found = tuple(found)
        self.broken = tuple(broken)
        self.off = tuple(off)
        self._by_kind = {kind.hook: self._named(kind) for kind in KINDS}

    def all(self, record_type: type[R]) -> Mapping[str, R]:
        """The records of one kind by name, sorted."""
        records = self._by_kind[_KIND_OF[record_type].hook]
        return {name: cast(R, records[name].record) for name in sorted(records)}

    def get(self, record_type: type[R], name: str) -> R:
        """The record called `name`; raises UsageError with the nearest name, or PluginError with the reason it was skipped."""
        known = self.all(record_type)
        if name in known:
            return known[name]
        for skipped in (*self.broken, *self.off):
            if name in (skipped.owner.entry_point, skipped.owner.distribution):
                raise PluginError(str(skipped))
        raise UsageError(f"no {title_of(record_type)} called '{name}'{did_you_mean(name, known)}")

    def _named(self, kind: Kind) -> dict[str, Found]:
        named: dict[str, Found] = {}
        for found in self.found:
            if found.kind is kind:
                other = named.setdefault(found.record.name, found)
                if other is not found:
                    raise PluginError(_clash(other, found))
        return named


@cache
def plugins() -> Plugins:
    """Every plugin installed here, loaded at the first call; the broken ones are then logged as warnings."""
    everything = discover()
    for skipped in everything.broken:
        log.warning("%s", skipped)
    return everything


def discover(points: Iterable[EntryPoint | Skipped] | None = None, environ: Mapping[str, str] = os.environ) -> Plugins:
    """Load the entry points of the group `ctc` (or `points`) one by one, sorted by name, then distribution.

    Raises PluginError when two plugins bring one name, and with CTC_STRICT_PLUGINS=1 for a broken plugin.
    """
    manager = pluggy.PluginManager("ctc")
    manager.add_hookspecs(hookspecs)
    found: list[Found] = []
    broken: list[Skipped] = []
    off: list[Skipped] = []
    for owner, point in _sorted(installed() if points is None else points):
        why_off = switched_off(owner, environ)
        if why_off:
            off.append(Skipped(owner, why_off))
            continue
        loaded = point if isinstance(point, Skipped) else _attempt(manager, point, owner)
        if not isinstance(loaded, Skipped):
            found.extend(loaded)
        elif environ.get(STRICT) == "1":
            raise PluginError(f"plugin {owner} is broken: {loaded.reason}")
        else:
            broken.append(loaded)
    return Plugins(found, broken, off)


def _sorted(points: Iterable[EntryPoint | Skipped]) -> list[tuple[Owner, EntryPoint | Skipped]]:
    owned = [(point.owner if isinstance(point, Skipped) else owner_of(point), point) for point in points]
    return sorted(owned, key=lambda pair: pair[0])


def _attempt(manager: pluggy.PluginManager, point: EntryPoint, owner: Owner) -> list[Found] | Skipped:
    try:
        with quiet_stdout(), heavy_imports_told(owner):
            return _load(manager, point, owner)
    except BaseException as error:  # a guest may raise anything; the host goes on
        if not of_guest(error):
            raise
        return Skipped(owner, reason(error))


def _load(manager: pluggy.PluginManager, point: EntryPoint, owner: Owner) -> list[Found]:
    plugin = point.load()
    name = f"{owner.distribution}:{owner.entry_point}"
    _check_hook_names(plugin)
    manager.register(plugin, name)
    try:
        found = [Found(kind, record, owner) for kind in KINDS for record in _records(kind, plugin)]
    except BaseException:
        manager.unregister(name=name)
        raise
    return found if owner.built_in else [_with_guard(one) for one in found]


def _with_guard(found: Found) -> Found:
    guest = Guest(found.owner, found.kind.title, found.record.name)
    return replace(found, record=guarded(found.record, guest))


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


def _records(kind: Kind, plugin: object) -> list[Any]:
    hook = getattr(plugin, kind.hook, None)
    if hook is None:
        return []
    returned = hook()
    if not isinstance(returned, Iterable):
        raise PluginError(f"{kind.hook} returned a {type(returned).__name__}, not a list of {kind.record.__name__}")
    records = list(returned)
    for record in records:
        if not isinstance(record, kind.record):
            raise PluginError(f"{kind.hook} returned a {type(record).__name__}, not {kind.record.__name__} records")
        if not isinstance(record.name, str) or not record.name or record.name.split() != [record.name]:
            raise PluginError(f"{kind.hook} returned a record named {record.name!r}: a name is one word")
    return records


def _clash(one: Found, other: Found) -> str:
    guest = one.owner if other.owner.built_in else other.owner
    alone = one.owner.entry_point != other.owner.entry_point
    switch = guest.entry_point if alone else guest.distribution
    return (
        f"two plugins bring the {one.kind.title} '{one.record.name}': {one.owner} and {other.owner}; "
        f"uninstall one, or switch one off with {DISABLED}={switch}"
    )
