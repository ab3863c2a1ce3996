"""What a file, an option or the graph says of a foreign network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from ctc.artifacts.model.preprocessing import ImageChoice
from ctc.model_import.config import ImportConfig, NetworkFacts

Taxonomy = Mapping[str, Mapping[str, str]]
"""Class → rank → name: {"red fox": {"class": "mammalia", "order": "carnivora", …}}."""


@dataclass(frozen=True)
class Description(NetworkFacts):
    """What one place says of a network; None where it says nothing.

    `origin`: the place, as messages name it: "config.json". `classes`: the names in the order of
    the output. `image_choice`: see `Preprocessing`. `notes`: where the preprocessing that it asks
    for differs from what ctc does.
    """

    origin: str
    classes: tuple[str, ...] | None = None
    taxonomy: Taxonomy | None = None
    image_choice: ImageChoice | None = None
    notes: tuple[str, ...] = ()


OPTIONS = {one.name: f"--{one.name.replace('_', '-')}" for one in fields(NetworkFacts)}
"""Facts, and the option that says each."""


def describe_options(config: ImportConfig) -> list[Description]:
    """Return what the options say, one description for each, under the option's name."""
    return [
        Description(option, **{name: value})
        for name, option in OPTIONS.items()
        if (value := getattr(config, name)) is not None
    ]


def first_said(descriptions: Sequence[Description], name: str) -> tuple[Any, str] | None:
    """Return the value of a field where it is said first, and the place; None if nowhere."""
    return next(
        ((value, one.origin) for one in descriptions if (value := getattr(one, name)) is not None),
        None,
    )
