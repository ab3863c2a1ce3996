"""How a run predicts, as promises say what they were fitted for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ctc.artifacts.model.promises import PredictionSetup
from ctc.plugin import Aggregation
from ctc.plugin.manager import plugins
from ctc.plugin.option_values import (
    BoundFunction,
    json_values,
    option_values,
    own_options,
)


def bound_setup(aggregation: Aggregation, detector: str = "") -> PredictionSetup:
    """Return the setup of events, of an aggregation that has values for its options."""
    combine = aggregation.combine
    values = json_values(combine.values) if isinstance(combine, BoundFunction) else {}
    return PredictionSetup("event", aggregation.name, values, detector)


def prediction_setup(
    aggregation: str, options: Mapping[str, Any], detector: str = "", flips: bool = False
) -> PredictionSetup:
    """Return the setup of events; `options` of the aggregation that are given, by key.

    `detector`: its digest. Options that are not given have their defaults. Raises CtcError if there
    is no such aggregation or option.
    """
    record = plugins().get(Aggregation, aggregation)
    values = json_values(option_values(record, own_options(record, options)))
    return PredictionSetup("event", record.name, values, detector, flips)
