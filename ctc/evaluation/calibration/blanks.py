"""Fit which events are dropped as blank: hardly any event with an animal is lost.

Everything that is not blank counts as an animal, people, vehicles and classes that the model
doesn't know too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.event_record import MISSING
from ctc.artifacts.model.file import ModelInfo
from ctc.artifacts.observation_types import observation_type
from ctc.evaluation.answers.predictions import EvaluationData, is_known
from ctc.evaluation.calibration.promises.promise_fit import event_setup, promise_scope
from ctc.evaluation.config import CalibrateConfig
from ctc.evaluation.statistics.clusters import Clusters, Scope
from ctc.evaluation.statistics.exact import Int64Array
from ctc.evaluation.statistics.promises import MIN_LOCATIONS
from ctc.evaluation.statistics.tail_loss import TailLoss, events_needed, lowest_limit
from ctc.inference.decisions.blanks import BLANKS, blank_classes, blank_score


def fit_blanks(
    data: EvaluationData,
    info: ModelInfo,  # noqa: ARG001
    config: CalibrateConfig,
) -> dict[str, list[dict[str, Any]]]:
    """Return the limit of every label with a class for blanks; a `PromiseFit` for events.

    None without `config.blank_loss`. Raises InputError as `promise_scope`.
    """
    if config.blank_loss is None:
        return {}
    clusters = Clusters.of_events(data)
    scope = promise_scope(clusters, config)
    made_for = event_setup(config.scoring, config.detector).to_json()
    entries = [
        {"label": label, "made_for": made_for, **found}
        for label in data.truth
        for found in _fit_label(data, label, clusters.of_scope(scope), scope, config)
    ]
    return {BLANKS: entries} if entries else {}


def _fit_label(
    data: EvaluationData, label: str, cluster: Int64Array, scope: Scope, config: CalibrateConfig
) -> Iterator[dict[str, Any]]:
    """Yield the entry of a label, unless none of its classes means blank."""
    blank, truth = blank_classes(data.classes[label]), data.truth[label]
    if not blank.any():
        return
    score = blank_score(data.events.probabilities[label], blank, data.surest_box)
    is_blank = is_known(truth) & blank[truth]
    animals = (truth != MISSING) & ~is_blank
    found = _limit(data, label, score[animals], cluster[animals], scope, config)
    limit = found.limit if isinstance(found, TailLoss) else None
    yield {
        "classes": [name for name in data.classes[label] if observation_type(name) == "blank"],
        "score": "classes" if data.surest_box is None else "classes and boxes",
        "limit": limit,
        "refused": None if isinstance(found, TailLoss) else found,
        "loss": config.blank_loss,
        "confidence": config.confidence,
        "scope": scope,
        "events": int((truth != MISSING).sum()),
        "animals": int(animals.sum()),
        "clusters": len(np.unique(cluster[animals])),
        "lost": found.lost if isinstance(found, TailLoss) else 0,
        "blanks": int(is_blank.sum()),
        "removed": _share(score[is_blank], limit),
    }


def _limit(
    data: EvaluationData,
    label: str,
    score: NDArray[np.float64],
    cluster: Int64Array,
    scope: Scope,
    config: CalibrateConfig,
) -> TailLoss | str:
    """Return the lowest limit that is proven, or why there is none."""
    assert config.blank_loss is not None
    if named := [one for one in data.foreign.get(label, {}) if observation_type(one) == "blank"]:
        return f"the model doesn't know '{named[0]}', which means blank"
    tail = 1 - config.confidence
    least = MIN_LOCATIONS if scope == "new locations" else 2
    found = lowest_limit(score, cluster, config.blank_loss, tail, least)
    if isinstance(found, TailLoss):
        return found
    reasons: Mapping[str, str] = {
        "too few": f"at least {events_needed(config.blank_loss, tail):,} are needed",
        "too few locations": f"from at least {MIN_LOCATIONS} locations",
        "one run": "all from one run of events",
        "not reached": "too many of them look blank, or they are too alike within "
        + ("locations" if scope == "new locations" else "runs"),
    }
    return reasons[found]


def _share(score: NDArray[np.float64], limit: float | None) -> float | None:
    """Return the share of scores above the limit; None without scores."""
    if not len(score):
        return None
    return 0.0 if limit is None else float((score > limit).mean())


def describe_blanks(entry: Mapping[str, Any]) -> str:
    """Return in a line what an entry promises, or why nothing."""
    is_new = entry["scope"] == "new locations"
    unit, where = (
        ("locations", "new locations") if is_new else ("runs of events", "these locations")
    )
    animals = f"{entry['animals']:,} events with animals of {entry['clusters']:,} {unit}"
    if entry["limit"] is None:
        return (
            f"'{entry['label']}': no loss of blanks of at most {entry['loss']:.1%} is promised: "
            f"{animals}; {entry['refused']}"
        )
    removed = (
        "" if entry["removed"] is None else f", {entry['removed']:.0%} of the blanks with them"
    )
    return (
        f"'{entry['label']}': `ctc predict --drop-blanks` drops at most {entry['loss']:.1%} of the "
        f"events with animals at {where}, with {entry['confidence']:.0%} confidence "
        f"({entry['lost']:,} of {animals} here){removed}"
    )
