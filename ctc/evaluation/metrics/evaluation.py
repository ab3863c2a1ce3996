"""What an evaluation finds: the figures of metrics.json, which the report shows.

All intervals are at 95 %. NaN (null in the file) is a figure that doesn't exist, such as the
precision of a class that was never predicted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ctc.evaluation.answers.predictions import Unit

FORMAT = "ctc-metrics"
FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share from 0 to 1 and its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ClassScores:
    """`support`: how often it is the truth; `predicted`: how often it is the most probable
    class."""

    name: str
    support: int
    predicted: int
    precision: Estimate
    recall: Estimate
    f1: Estimate
    average_precision: Estimate


@dataclass(frozen=True, slots=True)
class Means:
    """Over the classes that occur; a class that was never predicted has precision 0 here."""

    precision: Estimate
    recall: Estimate
    f1: Estimate
    average_precision: Estimate


@dataclass(frozen=True, slots=True)
class RareClasses:
    """The classes that `docs/evaluate.md` calls rare; unweighted means over them (None without one)
    and over the others."""

    names: tuple[str, ...]
    rare: Means | None
    others: Means | None


@dataclass(frozen=True, slots=True)
class Slice:
    """The answers that have something in common; `recall`: the mean over the classes that occur
    among them."""

    name: str
    n: int
    top_1: Estimate
    recall: float


@dataclass(frozen=True, slots=True)
class LocationSlices:
    """`all`, and the same with those first that are bad beyond doubt: by the upper end of the
    interval. `spread` of top_1 over the `counted` locations with at least 10 answers: quantiles 0,
    0.1, 0.5, 0.9, 1."""

    all: tuple[Slice, ...]
    worst: tuple[Slice, ...]
    counted: int
    spread: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Bin:
    """The answers whose highest probability is in (`low`, `high`]: its mean, and the share that is
    right; NaN where `n` is 0."""

    low: float
    high: float
    n: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """`ece`: expected calibration error; `brier`: Brier score over all classes, 0 to 2."""

    ece: float
    brier: float
    bins: tuple[Bin, ...]


@dataclass(frozen=True, slots=True)
class Accepted:
    """What is accepted when the highest probability is at least `threshold` (None: at least the
    threshold of its class)."""

    threshold: float | None
    share: float
    accuracy: Estimate


@dataclass(frozen=True, slots=True)
class Coverage:
    """`curve`: 1 %, 2 %, … accepted, most probable first. `table`: by threshold. `targets`: per
    wanted accuracy the most that can be accepted, None where it can't be reached. `thresholds`:
    with the model's own, None when it has none."""

    curve: tuple[Accepted, ...]
    table: tuple[Accepted, ...]
    targets: Mapping[str, Accepted | None]
    thresholds: Accepted | None


@dataclass(frozen=True, slots=True)
class EmptyRemovalPoint:
    """When everything is removed that is empty with at least the probability `threshold` (None:
    nothing can be): the share of the empty ones that goes, and of those with something on them,
    which is at most `allowed`."""

    allowed: float
    threshold: float | None
    empties: Estimate
    animals: Estimate


@dataclass(frozen=True, slots=True)
class EmptyRemoval:
    """`classes` that mean empty, how many answers are of such a class and of another, and the
    operating points."""

    classes: tuple[str, ...]
    empty: int
    animals: int
    points: tuple[EmptyRemovalPoint, ...]


@dataclass(frozen=True, slots=True)
class UnitScores:
    """Of one label, per event or per photo. `n` answers with a truth that the model knows;
    `missing` have none; of `foreign` the truth is a class that the model doesn't know: they are in
    no other figure but `top_1_with_foreign`, where they count as wrong.

    `confusion[i][j]`: how often class i was called class j, both in the order of `classes`.
    `uncalibrated`: as the model was before calibration. Sections that can't be are None or empty,
    and among `notes` of the evaluation."""

    n: int
    missing: int
    foreign: int
    top_1: Estimate
    top_5: Estimate
    top_1_with_foreign: float
    classes: tuple[ClassScores, ...]
    macro: Means
    weighted: Means
    confusion: tuple[tuple[int, ...], ...]
    rare: RareClasses
    daylight: tuple[Slice, ...]
    photos_in_event: tuple[Slice, ...]
    locations: LocationSlices | None
    reliability: Reliability
    uncalibrated: Reliability | None
    automation: Coverage
    empties: EmptyRemoval | None


@dataclass(frozen=True, slots=True)
class LabelEvaluation:
    """`foreign`: classes of the truth that the model doesn't know, with their events."""

    classes: tuple[str, ...]
    foreign: Mapping[str, int]
    units: Mapping[Unit, UnitScores]


@dataclass(frozen=True, slots=True)
class MultiLabelScores:
    """Of one label that may have several classes at once, per event or per photo. `n` answers with
    a truth; `missing` have none. `top_1`: the most probable class is there; `exact`: exactly the
    right classes are. Of `classes`, `predicted` is how often a class is present, from its threshold
    on."""

    n: int
    missing: int
    top_1: Estimate
    exact: Estimate
    classes: tuple[ClassScores, ...]
    macro: Means
    weighted: Means
    rare: RareClasses


@dataclass(frozen=True, slots=True)
class MultiLabelEvaluation:
    """`foreign`: classes of the truth that the model doesn't know, with their events."""

    classes: tuple[str, ...]
    foreign: Mapping[str, int]
    units: Mapping[Unit, MultiLabelScores]


@dataclass(frozen=True)
class Evaluation:
    """`subject`: what was evaluated on what. `notes`: what was left out and why. `multi_label`: of
    the labels that may have several classes at once, which are not among `labels`."""

    subject: Mapping[str, Any]
    events: int
    photos: int | None
    labels: Mapping[str, LabelEvaluation]
    notes: tuple[str, ...] = ()
    calibration: Mapping[str, Any] = field(default_factory=dict)
    multi_label: Mapping[str, MultiLabelEvaluation] = field(default_factory=dict)
