"""Labels of a model with their classes and thresholds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from unicodedata import category

from ctc.errors import InputError, shorten

LabelClasses = Mapping[str, tuple[str, ...]]
"""Per label its classes, in the order of the probabilities."""

_BREAKING = ("Cc", "Zl", "Zp")
"""Unicode's categories of control characters, and of separators of lines and paragraphs."""
LabelThresholds = Mapping[str, tuple[float | None, ...]]
"""Per label that has thresholds, one per class: the lowest probability at which it is predicted.

None: the class is never predicted.
"""


@dataclass(frozen=True, slots=True)
class LabelSchema:
    """The labels of a model: their classes, thresholds, and which of them are multi-label.

    `stranger_threshold`: the strangeness above which an event is unlike anything learnt, and every
    label is unknown; None if that is not told.

    `labels`: per label its classes, in the order of the probabilities. `thresholds`: see
    `LabelThresholds`; a label without an entry has none. `multi_label`: the labels that may have
    several classes at the same time, whose probabilities don't sum to 1. `photo_thresholds`: those
    of single photos, and of events of one photo, for labels where they are others.
    """

    labels: LabelClasses
    thresholds: LabelThresholds = field(default_factory=dict)
    multi_label: tuple[str, ...] = ()
    stranger_threshold: float | None = None
    photo_thresholds: LabelThresholds = field(default_factory=dict)


def check_one_line(names: Iterable[str], origin: str) -> None:
    """Raise InputError for a name of a class that holds a line break or a control character.

    It would break the lines of tables and lists. `origin`: the place that names the classes.
    """
    for number, name in enumerate(names, 1):
        if any(category(char) in _BREAKING for char in name):
            raise InputError(
                f"class {number:,} of {origin} is {shorten(ascii(name))}, which holds a line break "
                "or another control character: write the name in one line"
            )


def check_classes(label: str, classes: Iterable[object]) -> tuple[str, ...]:
    """Return the classes of a label that was read from a file.

    Raises InputError for classes that are no list of different texts: an answer by name would be
    wrong or impossible to write.
    """
    if isinstance(classes, str | Mapping):
        raise InputError(f"the classes of '{shorten(label)}' are not a list")
    names = tuple(str(name) for name in classes)
    if repeated := [name for name, count in Counter(names).items() if count > 1]:
        raise InputError(
            f"the label '{shorten(label)}' has the class '{shorten(repeated[0])}' more than once"
        )
    for name in (label, *names):
        if any("\ud800" <= char <= "\udfff" for char in name):
            raise InputError(
                f"the name {shorten(ascii(name))} is not text: it holds half a character"
            )
    return names
