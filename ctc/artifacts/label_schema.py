"""Labels of a model with their classes and thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

LabelClasses = Mapping[str, tuple[str, ...]]
"""Per label its classes, in the order of the probabilities."""

LabelThresholds = Mapping[str, tuple[float | None, ...]]
"""Per label that has thresholds, one per class: the lowest probability at which it is predicted.

None: the class is never predicted.
"""


@dataclass(frozen=True, slots=True)
class LabelSchema:
    """The labels of a model: their classes, thresholds, and which of them are multi-label.

    `labels`: per label its classes, in the order of the probabilities. `thresholds`: see
    `LabelThresholds`; a label without an entry has none. `multi_label`: the labels that may have
    several classes at the same time, whose probabilities don't sum to 1.
    """

    labels: LabelClasses
    thresholds: LabelThresholds = field(default_factory=dict)
    multi_label: tuple[str, ...] = ()
