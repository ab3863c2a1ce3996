"""Parameter type for lengths of time: `30min`, `1h`, `7d`."""

from __future__ import annotations

import re
from typing import Any

import click

_SECONDS = {"s": 1, "min": 60, "h": 3_600, "d": 86_400}
_PATTERN = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)\s*(s|min|h|d)")


class Duration(click.ParamType[int]):
    """A length of time in seconds."""

    name = "time"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Return how help names the value."""
        del param, ctx
        return "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return whole seconds; fail for anything else."""
        if isinstance(value, int):
            return value
        found = _PATTERN.fullmatch(str(value).strip())
        if found is None:
            self.fail(f"'{value}' is no length of time: write it as 30min, 1h or 7d", param, ctx)
        return round(float(found[1]) * _SECONDS[found[2]])


DURATION = Duration()
