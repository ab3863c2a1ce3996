"""Conversion of records to JSON values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any


def as_json(value: Any, digits: int | None = None) -> Any:
    """Convert records to objects and NaN to null; round floats to `digits` if given."""
    if is_dataclass(value):
        return {one.name: as_json(getattr(value, one.name), digits) for one in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): as_json(one, digits) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [as_json(one, digits) for one in value]
    if isinstance(value, float):
        return None if math.isnan(value) else value if digits is None else round(value, digits)
    return value
