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
from dataclasses import replace
from functools import cache
from importlib.metadata import EntryPoint
from typing import Any, TypeVar, cast

import pluggy

from ctc.errors import PluginError, UsageError, closest_name, did_you_mean
from ctc.plugin import hookspecs
from ctc.plugin.conflicts import split_conflicts
from ctc.plugin.detection import Detector
from ctc.plugin.entry_points import (
    STRICT_VARIABLE,
    Owner,
    SkippedPlugin,
    describe_error,
    disabled_reason,
    get_owner,
    iter_entry_points,
)
from ctc.plugin.heavy_imports import warn_heavy_imports
from ctc.plugin.kinds import KINDS, LoadedRecord, RecordKind, kind_of
from ctc.plugin.loading import Loader
from ctc.plugin.option import find_options_fault
from ctc.plugin.records import (
    Aggregation,
    Backbone,
    Engine,
    InputFormat,
    OutputFormat,
    PluginRecord,
)
from ctc.plugin.third_party import ThirdPartyRecord, raised_by_plugin, stdout_to_stderr, wrap_record

__all__ = ["KINDS", "LoadedRecord", "Owner", "Plugins", "RecordKind", "discover", "plugins"]

log = logging.getLogger(__name__)

R = TypeVar("R", InputFormat, Loader, Backbone, Detector, Aggregation, OutputFormat, Engine)


class Plugins:
    """All plugins: the loaded ones, the broken ones, and those that the environment disables."""

    def __init__(
        self,
        loaded: Iterable[LoadedRecord],
        broken: Iterable[SkippedPlugin] = (),
        disabled: Iterable[SkippedPlugin] = (),
    ) -> None:
        kept, conflicting = split_conflicts(loaded)
        self.loaded = tuple(kept)
        self.broken = (*broken, *conflicting)
        self.disabled = tuple(disabled)

    def all(self, record_type: type[R]) -> Mapping[str, R]:
        """Return the records of one kind by name, sorted."""
        found = [entry.record for entry in self.loaded if entry.kind is kind_of(record_type)]
        return {record.name: cast(R, record) for record in sorted(found, key=_name_of)}

    def get(self, record_type: type[R], name: str) -> R:
        """Return the record called `name`.

        Raises UsageError with the closest name if it is unknown, or PluginError with the reason if
        its plugin was skipped.
        """
        known, title = self.all(record_type), kind_of(record_type).title
        if name in known:
            return known[name]
        self.raise_if_skipped(record_type, name)
        raise UsageError(f"no {title} called '{name}'{did_you_mean(name, known)}")

    def raise_if_skipped(self, record_type: type[Any], name: str) -> None:
        """Raise PluginError with the reason if the plugin called `name` was skipped."""
        for skipped in (*self.broken, *self.disabled):
            if skipped.is_called(kind_of(record_type).title, name):
                raise PluginError(str(skipped))


def _name_of(record: PluginRecord) -> str:
    return record.name


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

    Raises PluginError with CTC_STRICT_PLUGINS=1 if a plugin is broken.
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
        if isinstance(loaded, SkippedPlugin):
            broken.append(loaded)
        else:
            found.extend(loaded)
    discovered = Plugins(found, broken, disabled)
    if discovered.broken and environ.get(STRICT_VARIABLE) == "1":
        first = discovered.broken[0]
        raise PluginError(f"{first.subject} is broken: {first.reason}")
    return discovered


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
    _check_hook_names(plugin, owner)
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


def _check_hook_names(plugin: object, owner: Owner) -> None:
    """Raise PluginError for hooks that can't be used; one that this ctc doesn't know is ignored."""
    known = {kind.hook for kind in KINDS}
    marked = {name for name in dir(plugin) if hasattr(getattr(plugin, name), "ctc_impl")}
    unknown = sorted(marked - known)
    if unknown and not marked & known:
        raise PluginError(
            f"there is no hook called '{unknown[0]}'{did_you_mean(unknown[0], known)}"
        )
    for name in unknown:
        _report_unknown_hook(name, known, owner)
    for name in sorted(known - marked):
        if callable(getattr(plugin, name, None)):
            raise PluginError(f"'{name}' lacks the @hookimpl decorator")
    if not marked:
        raise PluginError("it has no function marked with @hookimpl")


def _report_unknown_hook(name: str, known: Iterable[str], owner: Owner) -> None:
    """Log a warning for a misspelt hook; a hook of a newer ctc is no fault."""
    meant = closest_name(name.removeprefix("ctc_"), [hook.removeprefix("ctc_") for hook in known])
    log.log(
        logging.WARNING if meant else logging.DEBUG,
        "plugin %s: its hook '%s' is ignored, which this ctc doesn't have%s",
        owner,
        name,
        f": did you mean 'ctc_{meant}'?" if meant else "",
    )


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
        fault = find_options_fault(record.options) or _find_context_fault(record)
        if fault:
            raise PluginError(f"its {kind.title} '{record.name}': {fault}")
    return records


def _find_context_fault(record: PluginRecord) -> str | None:
    if isinstance(record, Aggregation) and record.options and not record.takes_context:
        return "it has options, but combine() doesn't get them: add a parameter 'context'"
    return None
