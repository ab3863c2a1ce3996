"""Result of an evaluation: the metrics of metrics.json, which the report shows.

All intervals are at 95 %, for other events of the same cameras (`low`, `high`) and for those of new
cameras (`new_low`, `new_high`; see `Clusters`). NaN (null in the file) is an undefined metric, such
as the precision of a class that was never predicted, and an interval of which the data say nothing.
"Predictions" are photos or events, depending on the unit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ctc.evaluation.answers.predictions import Unit
from ctc.evaluation.statistics.clusters import Scope
from ctc.evaluation.statistics.promises import Refusal

FORMAT = "ctc-metrics"
FORMAT_VERSION = 1
NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value and its 95 % intervals: for the same locations, and for new ones, NaN if unknown."""

    value: float
    low: float
    high: float
    new_low: float = NAN
    new_high: float = NAN

    @property
    def has_new(self) -> bool:
        """Whether an interval for new locations is known."""
        return not math.isnan(self.new_low)


@dataclass(frozen=True, slots=True)
class ClassScores:
    """Metrics of one class.

    `support` counts how often it is the truth, `predicted` how often it is the top class.
    """

    name: str
    support: int
    predicted: int
    precision: Estimate
    recall: Estimate
    f1: Estimate
    average_precision: Estimate


@dataclass(frozen=True, slots=True)
class Means:
    """Means over the classes that occur; a class that was never predicted has precision 0 here."""

    precision: Estimate
    recall: Estimate
    f1: Estimate
    average_precision: Estimate


@dataclass(frozen=True, slots=True)
class RareClasses:
    """Unweighted means over rare classes and over the others; None if there are none.

    Rare classes have less than a tenth of the average class's events (docs/evaluate.md).
    """

    names: tuple[str, ...]
    rare: Means | None
    others: Means | None


@dataclass(frozen=True, slots=True)
class Slice:
    """Accuracy of a group of `n` predictions; `recall` is the mean over the classes in it."""

    name: str
    n: int
    top_1: Estimate
    recall: Estimate


@dataclass(frozen=True, slots=True)
class LocationSlices:
    """Accuracy by location.

    `worst` are the locations with the lowest upper interval ends. `spread` holds the quantiles 0,
    0.1, 0.5, 0.9 and 1 of top_1 over the `counted` locations with at least 10 predictions.
    """

    all: tuple[Slice, ...]
    worst: tuple[Slice, ...]
    counted: int
    spread: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Bin:
    """The `n` predictions with confidence in (`low`, `high`].

    `confidence` is their mean, `accuracy` the share that is right; both NaN if `n` is 0.
    """

    low: float
    high: float
    n: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class CalibrationError:
    """What the expected calibration error means, which chance makes greater than 0.

    `debiased` is that without the part that chance adds. `by_chance` is what as many perfectly
    calibrated predictions show on average, `by_chance_high` what 95 % of them stay below.
    """

    debiased: Estimate
    by_chance: float
    by_chance_high: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """Calibration: how reliable the probabilities are.

    `ece` is the expected calibration error, `brier` the Brier score (0 to 2), `log_loss` the mean
    negative logarithm of the probability of the truth. `error` judges the `ece`, None without
    clusters.
    """

    ece: float
    brier: Estimate
    log_loss: Estimate
    bins: tuple[Bin, ...]
    error: CalibrationError | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """Predictions accepted with confidence `threshold`; None is the threshold of each class."""

    threshold: float | None
    share: float
    accuracy: Estimate


@dataclass(frozen=True, slots=True)
class Promise:
    """A threshold whose share of hits holds for fresh data, with 95 % confidence.

    `share` of the predictions are accepted (or removed), `value` of them are right (or kept) here,
    and at least `at_least` of fresh ones. They come from `clusters` clusters of the scope.
    """

    threshold: float
    share: float
    value: float
    at_least: float
    clusters: int


@dataclass(frozen=True, slots=True)
class Target:
    """What reaches a target.

    `promised` holds for fresh data; if None, `refusal` says why nothing is promised. `hindsight`,
    which accepts the most, is known to reach the target in these data only; None if nothing does.
    """

    promised: Promise | None
    refusal: Refusal | None
    hindsight: Accepted | None


@dataclass(frozen=True, slots=True)
class Coverage:
    """Accuracy against coverage, the share of accepted predictions.

    `curve` accepts 1 %, 2 %, … of the predictions, most confident first. `table` is by fixed
    threshold. `targets` are by target accuracy; `scope` is what they are promised for.
    `thresholds` uses the model's own per class, None if it has none.
    """

    curve: tuple[Accepted, ...]
    table: tuple[Accepted, ...]
    scope: Scope
    targets: Mapping[str, Target]
    thresholds: Accepted | None


@dataclass(frozen=True, slots=True)
class EmptyRemovalPoint:
    """Shares removed if all predictions that are empty with probability `threshold` are removed.

    `empties` is the share of the empty ones, `animals` that of all others. `threshold` is None if
    nothing can be removed.
    """

    threshold: float | None
    empties: Estimate
    animals: Estimate


@dataclass(frozen=True, slots=True)
class EmptyRemovalTarget:
    """What removes most, if at most the share `allowed` of the animals may be lost.

    `promised` loses no more of fresh animals, with 95 % confidence; if None, `refusal` says why
    nothing is promised. `hindsight` is known to lose no more in these data only.
    """

    allowed: float
    promised: EmptyRemovalPoint | None
    refusal: Refusal | None
    hindsight: EmptyRemovalPoint


@dataclass(frozen=True, slots=True)
class EmptyRemoval:
    """Removal of empty predictions without review.

    `classes` are those that mean empty; `empty` and `animals` count the truths in and outside them.
    `scope` is what is promised for.
    """

    classes: tuple[str, ...]
    empty: int
    animals: int
    scope: Scope
    points: tuple[EmptyRemovalTarget, ...]


@dataclass(frozen=True, slots=True)
class UnitScores:
    """Metrics of one label, per event or per photo.

    `n` predictions have a ground truth that the model knows, `missing` have none, and `foreign`
    have a class that the model doesn't know. The latter are in no metric but `top_1_with_foreign`,
    where they count as wrong. `confusion[i][j]` counts how often class i was predicted as class j,
    both in the order of `classes`. `ranks`: accuracy of the most probable taxon at each rank, the
    lowest first. `uncalibrated` is the reliability before calibration. Sections that can't be
    computed are None or empty, and named in the evaluation's `notes`.
    """

    n: int
    missing: int
    foreign: int
    top_1: Estimate
    top_5: Estimate
    top_1_with_foreign: Estimate
    classes: tuple[ClassScores, ...]
    macro: Means
    weighted: Means
    ranks: tuple[Slice, ...]
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
    """Metrics of one label; `foreign` are true classes that the model doesn't know, in events."""

    classes: tuple[str, ...]
    foreign: Mapping[str, int]
    units: Mapping[Unit, UnitScores]


@dataclass(frozen=True, slots=True)
class MultiLabelScores:
    """Metrics of one multi-label label, per event or per photo.

    `n` predictions have a ground truth, `missing` have none. `top_1` is the share whose top class
    is present, `exact` the share with exactly the right classes. In `classes`, `predicted` counts
    how often a class reaches its threshold.
    """

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
    """Metrics of one multi-label label; `foreign` as in `LabelEvaluation`."""

    classes: tuple[str, ...]
    foreign: Mapping[str, int]
    units: Mapping[Unit, MultiLabelScores]


@dataclass(frozen=True)
class Evaluation:
    """All metrics of an evaluation.

    `subject` describes what was evaluated on what, `notes` what was left out and why. Labels that
    may have several classes at once are in `multi_label`, not in `labels`.
    """

    subject: Mapping[str, Any]
    events: int
    photos: int | None
    labels: Mapping[str, LabelEvaluation]
    notes: tuple[str, ...] = ()
    calibration: Mapping[str, Any] = field(default_factory=dict)
    multi_label: Mapping[str, MultiLabelEvaluation] = field(default_factory=dict)
