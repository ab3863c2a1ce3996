"""Which events are no independent evidence: those of one place, or of one run of photos."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from ctc.artifacts.cameras.card_folders import camera_folder
from ctc.artifacts.predictions import EventPrediction
from ctc.inference.decisions.geofence.places import known_text
from ctc.inference.decisions.priors.shares import Ints
from ctc.reporting import counted

PLACE_COLUMNS = ("deploymentID", "location")
RUN_MINUTES = 30
"""Events of one place are of one run where each begins at most this long after the one before."""


@dataclass
class EventClusters:
    """Collects where and when events were."""

    _places: dict[str, int] = field(default_factory=dict)
    _place: array[int] = field(default_factory=lambda: array("q"))
    _minutes: array[float] = field(default_factory=lambda: array("d"))

    def add(self, event: EventPrediction) -> None:
        """Add an event; its place is the camera's folder, if no column says it."""
        folder = camera_folder(event.images[0].path.replace("\\", "/").rpartition("/")[0])
        name = known_text(event.meta, PLACE_COLUMNS) or folder
        self._place.append(self._places.setdefault(name, len(self._places)))
        self._minutes.append(_minutes(event))

    @property
    def by_place(self) -> bool:
        """Whether places are the clusters: they are where there are several."""
        return len(self._places) > 1

    def numbers(self) -> Ints:
        """Return the cluster of each event, from 0."""
        if self.by_place:
            return np.array(self._place, np.int64)
        return _runs(np.array(self._minutes))

    def describe(self) -> str:
        """Return how many clusters there are."""
        count = int(self.numbers().max()) + 1
        if self.by_place:
            return counted(count, "place")
        return counted(count, "run of photos", "runs of photos")


def _runs(minutes: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Ints:
    """Return the run of each event; one without a time is a run of its own."""
    order = np.argsort(minutes, kind="stable")  # NaN comes last
    with np.errstate(invalid="ignore"):
        begins = ~(np.diff(minutes[order]) <= RUN_MINUTES)
    runs = np.empty(len(minutes), np.int64)
    runs[order] = np.concatenate([[0], np.cumsum(begins)])
    return runs


def _minutes(event: EventPrediction) -> float:
    texts: Sequence[object] = (
        event.meta.get("datetime"),
        *(photo.taken for photo in event.images),
    )
    for text in texts:
        if isinstance(text, str):
            try:
                time = datetime.fromisoformat(text.strip()[:19])
            except ValueError:
                continue
            return (time.replace(tzinfo=None) - datetime(1970, 1, 1)).total_seconds() / 60
    return float("nan")


def group_of(meta: Mapping[str, object], column: str | None) -> str:
    """Return the value that events of one group have in a column; '' for all without one."""
    return "" if column is None else known_text(meta, [column])
