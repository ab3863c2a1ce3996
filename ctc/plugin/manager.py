"""Finding plugins: one at a time, sorted, a broken one costs a line and not the tool.

Environment: `CTC_PLUGINS` (comma list of entry points to load beside the built-ins; '' = built-ins only), `CTC_DISABLE_PLUGINS`
(comma list not to load), `CTC_STRICT_PLUGINS=1` (a broken plugin is an error).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, TypeVar, cast

import pluggy

from ctc.errors import PluginError, UsageError, did_you_mean
from ctc.plugin import hookspecs
from ctc.plugin.hookspecs import ENTRY_POINT_GROUP
from ctc.plugin.records import Aggregation, Backbone, InputFormat, Loader, OutputFormat, Record

OUR_DISTRIBUTION = "camera-trap-classifier"


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
)
_KIND_OF = {kind.record: kind for kind in KINDS}

R = TypeVar("R", InputFormat, Loader, Backbone, Aggregation, OutputFormat)


@dataclass(frozen=True)
class Owner:
    """Where a plugin comes from."""

    entry_point: str
    distribution: str
    version: str

    def __str__(self) -> str:
        return f"'{self.entry_point}' of {self.distribution} {self.version}"


@dataclass(frozen=True)
class Found:
    """A record with its kind and owner."""

    kind: Kind
    record: Record
    owner: Owner


@dataclass(frozen=True)
class Broken:
    """A plugin that was skipped, and why."""

    owner: Owner
    reason: str

    def __str__(self) -> str:
        return f"plugin {self.owner} was skipped: {self.reason}"


class Plugins:
    """All plugins that could be loaded, and those that could not."""

    def __init__(self, found: Iterable[Found], broken: Iterable[Broken]) -> None:
        self.found = tuple(found)
        self.broken = tuple(broken)
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
        for broken in self.broken:
            if broken.owner.entry_point == name:
                raise PluginError(str(broken))
        raise UsageError(f"no {_KIND_OF[record_type].title} called '{name}'{did_you_mean(name, known)}")

    def _named(self, kind: Kind) -> dict[str, Found]:
        named: dict[str, Found] = {}
        for found in self.found:
            if found.kind is not kind:
                continue
            name = found.record.name
            if name in named:
                raise PluginError(
                    f"two plugins bring the {kind.title} '{name}': {named[name].owner} and {found.owner}; "
                    f"uninstall one, or switch one off with CTC_DISABLE_PLUGINS={found.owner.entry_point}"
                )
            named[name] = found
        return named


@cache
def plugins() -> Plugins:
    """Every plugin installed here, loaded at the first call."""
    return discover()


def discover(points: Iterable[EntryPoint] | None = None, environ: Mapping[str, str] = os.environ) -> Plugins:
    """Load the entry points of the group `ctc` one by one, sorted by name then distribution."""
    manager = pluggy.PluginManager("ctc")
    manager.add_hookspecs(hookspecs)
    found: list[Found] = []
    broken: list[Broken] = []
    for point in sorted(_wanted(points, environ), key=lambda point: (point.name, _owner(point).distribution)):
        owner = _owner(point)
        try:
            found.extend(_load(manager, point, owner))
        except Exception as error:  # a guest may raise anything; the host goes on
            if environ.get("CTC_STRICT_PLUGINS") == "1":
                raise PluginError(f"plugin {owner} is broken: {_reason(error)}") from error
            broken.append(Broken(owner, _reason(error)))
    return Plugins(found, broken)


def _wanted(points: Iterable[EntryPoint] | None, environ: Mapping[str, str]) -> Iterable[EntryPoint]:
    chosen = environ.get("CTC_PLUGINS")
    blocked = _names(environ.get("CTC_DISABLE_PLUGINS", ""))
    for point in entry_points(group=ENTRY_POINT_GROUP) if points is None else points:
        built_in = _owner(point).distribution == OUR_DISTRIBUTION
        if point.name not in blocked and (built_in or chosen is None or point.name in _names(chosen)):
            yield point


def _names(text: str) -> set[str]:
    return {name.strip() for name in text.split(",") if name.strip()}


def _owner(point: EntryPoint) -> Owner:
    if point.dist is None:
        return Owner(point.name, "an unknown distribution", "")
    return Owner(point.name, point.dist.metadata["Name"], point.dist.version)


def _load(manager: pluggy.PluginManager, point: EntryPoint, owner: Owner) -> list[Found]:
    plugin = point.load()
    name = f"{owner.distribution}:{owner.entry_point}"
    manager.register(plugin, name)
    try:
        _check_hook_names(plugin)
        return [
            Found(kind, record, owner) for kind in KINDS for record in _records(kind, getattr(plugin, kind.hook, None))
        ]
    except Exception:
        manager.unregister(name=name)
        raise


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


def _records(kind: Kind, hook: Callable[[], Iterable[Any]] | None) -> list[Any]:
    if hook is None:
        return []
    records = list(hook())
    for record in records:
        if not isinstance(record, kind.record):
            raise PluginError(f"{kind.hook} returned a {type(record).__name__}, not {kind.record.__name__} records")
    return records


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, PluginError) else f"{type(error).__name__}: {error}".splitlines()[0]
