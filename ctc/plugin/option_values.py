"""Values of the options that a plugin record declares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from ctc.errors import UsageError
from ctc.plugin.kinds import kind_of
from ctc.plugin.loading import Loader, LoaderConfig
from ctc.plugin.option import Option
from ctc.plugin.records import Aggregation, AggregationContext, Backbone, PluginRecord, Pretrained
from ctc.storage.paths import parse_path

R = TypeVar("R", Aggregation, Backbone, Loader)


class GivenOptions(dict[str, Any]):
    """Values of options of plugins, by key.

    `settings`: the keys that come from a configuration file or the environment. They may be meant
    for another record than the one that is used, and don't count for it.
    """

    settings: frozenset[str] = frozenset()

    @classmethod
    def create(cls, values: Mapping[str, Any], settings: frozenset[str]) -> GivenOptions:
        """Return the values, those of `settings` marked as such."""
        given = cls(values)
        given.settings = settings
        return given


def explicit_options(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that were given for this very run."""
    settings = given.settings if isinstance(given, GivenOptions) else frozenset[str]()
    return {key: value for key, value in given.items() if key not in settings}


def own_options(record: PluginRecord, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the given options without settings that are meant for another record."""
    settings = given.keys() - explicit_options(given).keys()
    other = settings - {option.key for option in record.options}
    return {key: value for key, value in given.items() if key not in other}


def option_values(record: PluginRecord, provided: Mapping[str, Any]) -> dict[str, Any]:
    """Return a value for each option of the record, from the given ones and the defaults.

    The given ones may come from JSON, see `json_values`. Raises UsageError for an option that the
    record doesn't declare, a required one that is missing, and a value that it doesn't allow.
    """
    known = {option.key: option for option in record.options}
    named = f"{kind_of(type(record)).title} '{record.name}'"
    for key in explicit_options(provided):
        if key not in known:
            listed = ", ".join(f"--{option.name}" for option in record.options) or "none"
            raise UsageError(f"{named} has no option --{key.replace('_', '-')}: it has {listed}")
    missing = [
        option.name for key, option in known.items() if option.required and key not in provided
    ]
    if missing:
        raise UsageError(f"{named} needs --{missing[0]}")
    values = {
        key: _parse_json_value(option, provided[key]) if key in provided else _default(option)
        for key, option in known.items()
    }
    for key in known.keys() & provided.keys():
        _check_value(named, known[key], values[key])
    return values


def json_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values of options as `json.dumps` takes them; `option_values` reads them again."""

    def convert(value: Any) -> Any:
        if isinstance(value, tuple | list):
            return [convert(one) for one in value]
        return str(value) if isinstance(value, Path) else value

    return {key: convert(value) for key, value in values.items()}


def bind_options(record: R, provided: Mapping[str, Any]) -> R:
    """Return the record with values for its options, which its functions get from then on.

    Raises UsageError as `option_values`.
    """
    values = option_values(record, provided)
    bound: dict[str, Any] = {}
    if isinstance(record, Aggregation):
        bound["combine"] = BoundFunction(record.combine, _add_to_context, values)
    elif isinstance(record, Loader):
        bound["open"] = BoundFunction(record.open, _add_to_config, values)
    else:
        bound["build"] = BoundFunction(record.build, _append, values)
        bound["pretrained"] = tuple(
            replace(weights, build=BoundFunction(weights.build, _append, values))
            for weights in record.pretrained
        )
        if record.open_weights is not None:
            bound["open_weights"] = partial(_open_bound, record.open_weights, values)
    return replace(record, **bound) if record.options else record


def _open_bound(
    open_weights: Callable[[Path], Pretrained], values: Mapping[str, Any], folder: Path
) -> Pretrained:
    weights = open_weights(folder)
    return replace(weights, build=BoundFunction(weights.build, _append, values))


Arguments = tuple[Any, ...]


@dataclass(frozen=True)
class BoundFunction:
    """A function of a record with the values of the record's options.

    `pass_on` adds them to the arguments of a call.
    """

    function: Callable[..., Any]
    pass_on: Callable[[Arguments, Mapping[str, Any]], Arguments]
    values: Mapping[str, Any]

    @property
    def __wrapped__(self) -> Callable[..., Any]:
        return self.function

    def __call__(self, *arguments: Any) -> Any:
        return self.function(*self.pass_on(arguments, self.values))


def _append(arguments: Arguments, values: Mapping[str, Any]) -> Arguments:
    return *arguments, values


def _add_to_config(arguments: Arguments, values: Mapping[str, Any]) -> Arguments:
    *others, config = arguments
    assert isinstance(config, LoaderConfig)
    return *others, replace(config, options=values)


def _add_to_context(arguments: Arguments, values: Mapping[str, Any]) -> Arguments:
    *others, context = arguments
    assert isinstance(context, AggregationContext)
    return *others, replace(context, options=values)


def _check_value(named: str, option: Option, value: Any) -> None:
    for one in value if option.multiple else (value,):
        fault = None if one is None else option.find_fault(one)
        if fault:
            raise UsageError(f"--{option.name} of the {named} is '{one}', which {fault}")


def _parse_json_value(option: Option, value: Any) -> Any:
    if option.multiple and isinstance(value, list | tuple):
        return tuple(_parse_json_value(replace(option, multiple=False), one) for one in value)
    return parse_path(value) if option.type == "path" and isinstance(value, str) else value


def _default(option: Option) -> Any:
    return () if option.multiple else option.default
