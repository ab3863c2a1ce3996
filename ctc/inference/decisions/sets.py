"""Prediction sets: for each event the classes that hold the truth with a given probability.

`ctc calibrate` fitted the lowest probability at which a class is in the set; see
`ctc/evaluation/calibration/sets.py`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.predictions import EventPrediction
from ctc.errors import InputError, UsageError
from ctc.inference.decisions.promised import Entry, promised

if TYPE_CHECKING:
    from ctc.inference.config import PredictConfig
    from ctc.inference.decisions.choice import AnswerFacts

SETS = "sets"
COLUMN = "prediction_set"


@dataclass(frozen=True)
class PredictionSets:
    """A `Decision` and `ReportingDecision`.

    `limits`: per label the lowest probability of each class, in their order; `refused`: why other
    labels have none.
    """

    limits: Mapping[str, NDArray[np.float32]]
    refused: Mapping[str, str] = field(default_factory=dict)
    looks_first: bool = False

    @classmethod
    def from_settings(cls, settings: Any) -> PredictionSets:
        """Return the decision of what `choose_sets` returned."""
        limits = settings["limits"].items()
        found = {label: np.array(values, np.float32) for label, values in limits}
        return cls(found, settings.get("refused", {}))

    def look(self, events: Iterable[EventPrediction]) -> None:
        """See `Decision`; not called."""

    def decide(self, event: EventPrediction) -> EventPrediction:
        """Return the event with the classes of its set, the most probable first.

        The set of a label without limits is not known. A set is never empty: the most probable
        class is in it.
        """
        for label, classes in event.classes.items():
            found = None
            if label in self.limits:
                values = event.probabilities[label]
                order = np.argsort(-values, kind="stable")
                inside = order[values[order] >= self.limits[label][order]]
                found = tuple(classes[place] for place in (inside if len(inside) else order[:1]))
            event = event.with_columns(label, {COLUMN: found})
        return event

    def report(self) -> tuple[str, ...]:
        """Return a line for each label without sets."""
        return tuple(f"'{label}' has no sets: {why}" for label, why in self.refused.items())


def choose_sets(config: PredictConfig, answers: AnswerFacts) -> dict[str, Any] | None:
    """Return the settings for `--sets`, None without it; see `Chooser`."""
    if config.sets is None:
        return None
    if config.prior is not None:
        raise UsageError(
            "--sets and --prior exclude each other: sets hold the truth by the probabilities that "
            "they were fitted to"
        )
    entries = promised(answers, SETS, "--sets")
    found = {
        label: _limits(entry, config.sets, answers.schema.labels[label])
        for label, entry in entries.items()
    }
    refused = {label: one for label, one in found.items() if isinstance(one, str)}
    if len(refused) == len(found):
        label, why = next(iter(refused.items()))
        raise UsageError(
            f"--sets {config.sets:g}: '{label}': {why}: ask for less, or calibrate on more events "
            "and locations"
        )
    limits = {label: one for label, one in found.items() if label not in refused}
    return {"probability": config.sets, "limits": limits, "refused": refused}


def _limits(entry: Entry, probability: float, classes: Sequence[str]) -> list[float] | str:
    """Return the limits of the classes, for the next higher level that the model has, or why there
    are none."""
    level = f"{math.ceil(round(probability * 100, 6)) / 100:.2f}"
    try:
        levels = {str(name): dict(value) for name, value in entry["levels"].items()}
        lowest, highest = min(levels, default="0.50"), max(levels, default=None)
        level = max(level, lowest)
        if level in levels:
            own, others = levels[level]["own"], float(levels[level]["others"])
            limits = [float(own.get(name, others)) for name in classes]
            if not all(0 <= limit < 1.001 for limit in limits):
                raise ValueError(f"{limits} are no probabilities")
            return limits
        carried = f"up to --sets {highest}" if highest else "no sets"
        return f"the {int(entry['events']):,} events that it was calibrated on carry {carried}"
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"the model's sets are damaged ({error!r}): calibrate its original again"
        ) from None
