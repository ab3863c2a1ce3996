"""The options that a record declares, with the values that the user gave."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ctc.errors import UsageError
from ctc.plugin.manager import kind_title
from ctc.plugin.records import Engine, Option, OutputFormat


def option_values(record: OutputFormat | Engine, provided: Mapping[str, Any]) -> dict[str, Any]:
    """A value for each option of the record. Raises UsageError for an option that it doesn't have,
    or needs and lacks."""
    known = {option.key: option for option in record.options}
    named = f"{kind_title(type(record))} '{record.name}'"
    for key in provided:
        if key not in known:
            listed = ", ".join(f"--{option.name}" for option in record.options) or "none"
            raise UsageError(f"{named} has no option --{key.replace('_', '-')}: it has {listed}")
    lacking = [
        option.name for key, option in known.items() if option.required and key not in provided
    ]
    if lacking:
        raise UsageError(f"{named} needs --{lacking[0]}")
    return {key: provided.get(key, _default(option)) for key, option in known.items()}


def _default(option: Option) -> Any:
    return () if option.multiple else option.default
