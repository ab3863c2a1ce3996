"""Ground truth of a dataset's split, added to its predictions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ctc.artifacts.dataset import Dataset, Label
from ctc.artifacts.event_record import MISSING
from ctc.evaluation.answers.ground_truth import encode_truth, foreign_names
from ctc.evaluation.answers.label_names import match_labels
from ctc.evaluation.answers.multi_label_truth import encode_multi_hot
from ctc.evaluation.answers.predictions import EvaluationData
from ctc.reporting import counted


class EventSummary(NamedTuple):
    """The number of photos of an event record, and its class numbers by label."""

    n_photos: int
    labels: Mapping[str, tuple[int, ...]]

    @property
    def n_observations(self) -> int:
        """The most observations that have one label."""
        return max(map(len, self.labels.values()), default=0)


def shared_labels(
    predicted: Collection[str], dataset: Dataset, truth_labels: Mapping[str, str]
) -> Mapping[str, Label]:
    """Return the label of the dataset for each label of the model that has one."""
    known = {label.name: label for label in dataset.manifest.labels}
    names = match_labels(predicted, known, truth_labels, "the model", f"'{dataset.display_path}'")
    return {label: known[name] for label, name in names.items()}


def add_truth(
    data: EvaluationData,
    records: Sequence[EventSummary],
    labels: Mapping[str, Label],
    multi_label: Collection[str],
) -> EvaluationData:
    """Return the predictions with the truth of each event, in the order of the events."""
    names = {
        label: _first_classes(records, known)
        for label, known in labels.items()
        if label not in multi_label
    }
    single = {label: encode_truth(one, data.classes[label]) for label, one in names.items()}
    several = {
        label: encode_multi_hot(_all_classes(records, known), data.classes[label])
        for label, known in labels.items()
        if label in multi_label
    }
    encoded = single | several
    return replace(
        data,
        truth={label: numbers for label, (numbers, _) in single.items()},
        multi_label={label: rows for label, (rows, _) in several.items()},
        foreign={label: foreign for label, (_, foreign) in encoded.items() if foreign},
        foreign_names={
            label: foreign_names(names[label], numbers)
            for label, (numbers, foreign) in single.items()
            if foreign
        },
        photos_in_event=np.array([record.n_photos for record in records], np.int32),
    )


def observation_notes(
    records: Sequence[EventSummary], labels: Collection[str], multi_label: Collection[str]
) -> tuple[str, ...]:
    """Return a note if events have observations that don't count."""
    several = sum(record.n_observations > 1 for record in records)
    single = [label for label in labels if label not in multi_label]
    if not several or not single:
        return ()
    where = f" for {', '.join(single)}" if len(single) < len(labels) else ""
    have = counted(several, "event has", "events have")
    return (f"{have} several observations: the first one counts{where}",)


def _first_classes(records: Sequence[EventSummary], label: Label) -> list[str | None]:
    """Return the class of each event's first observation, by name.

    Names, since the dataset may have other classes than the model, or in another order.
    """
    numbers = [next(iter(record.labels.get(label.name, ())), MISSING) for record in records]
    return [None if number == MISSING else label.classes[number] for number in numbers]


def _all_classes(records: Sequence[EventSummary], label: Label) -> list[set[str]]:
    """Return the classes of all observations of each event, by name."""
    return [
        {label.classes[n] for n in record.labels.get(label.name, ()) if n != MISSING}
        for record in records
    ]
