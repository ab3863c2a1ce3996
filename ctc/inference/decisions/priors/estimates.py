"""What a look at the events of a place says of the shares of its classes, and the table of it."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ctc.inference.decisions.priors.clusters import EventClusters
from ctc.inference.decisions.priors.shares import (
    Floats,
    Trained,
    estimate_shares,
    independent_events,
    shift_p_value,
)
from ctc.storage.atomic import atomic_write
from ctc.storage.csv_writer import open_rows
from ctc.storage.paths import path_beside

LEVEL = 0.05
"""The p-value from which on the trained shares are kept."""
FILE_COLUMNS = (
    "label",
    "group",
    "class",
    "share_calibrated",
    "share_here",
    "events",
    "clusters",
    "p_value",
    "corrected",
)


@dataclass(frozen=True)
class Estimate:
    """What a look at the events of a group says of a label: the shares (classes,) here, the
    clusters of its events in words, and whether the shares are the trained ones."""

    shares: Floats
    events: int
    clusters: str
    p_value: float

    @property
    def differs(self) -> bool:
        """Whether the shares differ surely from the trained ones."""
        return self.p_value < LEVEL


@dataclass
class SeenEvents:
    """The probabilities of the events of a group, for one label."""

    values: array[float] = field(default_factory=lambda: array("f"))
    clusters: EventClusters = field(default_factory=EventClusters)

    def estimate(self, trained: Trained) -> Estimate:
        """Return the shares here, and whether they differ."""
        found = np.frombuffer(self.values, np.float32)
        probabilities = found.reshape(-1, len(trained.shares))
        cluster = self.clusters.numbers()
        independent = independent_events(probabilities, cluster, trained.shares)
        return Estimate(
            estimate_shares(probabilities, trained.shares, independent),
            len(probabilities),
            self.clusters.describe(),
            shift_p_value(probabilities, cluster, trained),
        )


def prior_path(output: Path) -> Path:
    """Return the path of the table of shares that belongs to an output."""
    return path_beside(output, f"{output.name}.priors.csv")


def write_estimates(
    output: Path,
    classes: Mapping[str, Sequence[str]],
    trained: Mapping[str, Floats],
    estimates: Mapping[tuple[str, str], Estimate],
) -> None:
    """Write the shares of each class, by label and group, beside the output."""
    with atomic_write(prior_path(output)) as partial, open_rows(partial) as table:
        table.writerow(FILE_COLUMNS)
        for (label, group), found in estimates.items():
            end = found.events, found.clusters, f"{found.p_value:.4f}", found.differs
            for name, old, new in zip(classes[label], trained[label], found.shares, strict=True):
                table.writerow((label, group, name, f"{old:.6f}", f"{new:.6f}", *end))
