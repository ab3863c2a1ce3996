"""An answer of a person to an event, and its JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ctc.errors import InputError, shorten


@dataclass(frozen=True, slots=True)
class Answer:
    """The classes of an event by label; None for "not sure", () for none of a multi-label label.

    A label that is missing was not answered.
    """

    labels: Mapping[str, tuple[str, ...] | None]

    def __post_init__(self) -> None:
        if not self.labels:
            raise InputError("an answer names no label: give at least one")

    @property
    def is_sure(self) -> bool:
        """Whether no label is marked as not sure."""
        return None not in self.labels.values()

    def to_json(self) -> str:
        """Return `{"species": ["fox"], "sex": null}`: null is "not sure"; labels sorted."""
        return json.dumps(
            {
                label: None if names is None else list(names)
                for label, names in sorted(self.labels.items())
            },
            ensure_ascii=False,
        )

    @classmethod
    def from_json(cls, text: str) -> Answer:
        """Return the answer that `to_json` wrote; raises InputError for anything else."""
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            raise InputError(f"'{shorten(text)}' is not an answer in JSON") from None
        return cls.from_value(value)

    @classmethod
    def from_value(cls, value: Any) -> Answer:
        """Return the answer of a JSON value, where a text stands for a list with one class.

        Raises InputError if it is anything else.
        """
        if not isinstance(value, dict):
            raise InputError(f"'{shorten(value)}' is not an answer: give an object, label to class")
        return cls({label: _classes(label, names) for label, names in value.items()})


def _classes(label: str, names: Any) -> tuple[str, ...] | None:
    if names is None:
        return None
    if isinstance(names, str):
        return (names,)
    if isinstance(names, list) and all(isinstance(name, str) for name in names):
        return tuple(dict.fromkeys(names))
    raise InputError(
        f"label '{shorten(label)}' has the answer {shorten(repr(names))}: "
        "give a class, a list of classes, or null for not sure"
    )
