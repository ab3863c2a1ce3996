"""Parameter types of `ctc import`: a size, a number per channel, what a category is."""

from __future__ import annotations

import math
import re
from typing import Any

import click

_SIZE = re.compile(r"(\d{1,5})(?:\s*[xX×]\s*(\d{1,5}))?")
_MAX_SIDE = 8192


class Size(click.ParamType[tuple[int, int]]):
    """HEIGHTxWIDTH in pixels, or one number for a square."""

    name = "HxW"

    def convert(
        self, value: Any, parameter: click.Parameter | None, context: click.Context | None
    ) -> tuple[int, int]:
        """Return (height, width)."""
        if isinstance(value, tuple):
            return value
        found = _SIZE.fullmatch(str(value).strip())
        sides = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
        if not all(1 <= side <= _MAX_SIDE for side in sides):
            self.fail(
                f"'{value}' is no size: give HEIGHTxWIDTH in pixels, such as 224x224",
                parameter,
                context,
            )
        return sides


class Triple(click.ParamType[tuple[float, float, float]]):
    """Three numbers with commas between, or one for all channels."""

    name = "A,B,C"

    def convert(
        self, value: Any, parameter: click.Parameter | None, context: click.Context | None
    ) -> tuple[float, float, float]:
        """Return one number per channel."""
        if isinstance(value, tuple):
            return value
        try:
            numbers = [float(part) for part in str(value).split(",")]
        except ValueError:
            numbers = []
        if len(numbers) not in (1, 3) or not all(map(math.isfinite, numbers)):
            self.fail(
                f"'{value}' is not three numbers with commas between, one per channel: write them "
                "as in 0.485,0.456,0.406",
                parameter,
                context,
            )
        first, second, third = numbers * (3 // len(numbers))
        return first, second, third


CATEGORY_TYPES = ("animal", "human", "vehicle", "blank", "ignored")


class CategoryMeaning(click.ParamType[tuple[str, str]]):
    """NAME=TYPE: a category of a detector, and what it is."""

    name = "NAME=TYPE"

    def convert(
        self, value: Any, parameter: click.Parameter | None, context: click.Context | None
    ) -> tuple[str, str]:
        """Return the name and the type."""
        if isinstance(value, tuple):
            return value
        name, _, kind = str(value).rpartition("=")
        if not name.strip() or kind.strip() not in CATEGORY_TYPES:
            self.fail(
                f"'{value}' is no NAME=TYPE: write a category's name or number, and one of "
                f"{', '.join(CATEGORY_TYPES)}, as in 2=vehicle",
                parameter,
                context,
            )
        return name.strip(), kind.strip()
