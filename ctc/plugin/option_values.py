"""Values of the options that a plugin record declares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ctc.errors import UsageError
from ctc.plugin.manager import kind_title
from ctc.plugin.records import Engine, Option, OutputFormat


def option_values(record: OutputFormat | Engine, provided: Mapping[str, Any]) -> dict[str, Any]:
    """Return a value for each option of the record, from the given ones and the defaults.

    Raises UsageError for an option that the record doesn't declare, or a required one that is
    missing.
    """
    known = {option.key: option for option in record.options}
    named = f"{kind_title(type(record))} '{record.name}'"
    for key in provided:
        if key not in known:
            listed = ", ".join(f"--{option.name}" for option in record.options) or "none"
            raise UsageError(f"{named} has no option --{key.replace('_', '-')}: it has {listed}")
    missing = [
        option.name for key, option in known.items() if option.required and key not in provided
    ]
    if missing:
        raise UsageError(f"{named} needs --{missing[0]}")
    return {key: provided.get(key, _default(option)) for key, option in known.items()}


def _default(option: Option) -> Any:
    return () if option.multiple else option.default
