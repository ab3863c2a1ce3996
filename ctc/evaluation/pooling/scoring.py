"""Which aggregation an evaluation takes, where none is given."""

from __future__ import annotations

from dataclasses import replace

from ctc.artifacts.model.file import ModelInfo
from ctc.errors import UsageError
from ctc.evaluation.config import CalibrateConfig, ScoringConfig
from ctc.inference.own_aggregation import (
    AUTO,
    MEAN,
    check_pooling,
    check_whole_photos,
    own_aggregation,
)
from ctc.plugin import Aggregation
from ctc.plugin.manager import plugins


def resolve_scoring(
    scoring: ScoringConfig, info: ModelInfo | None, *, detector: bool = False
) -> ScoringConfig:
    """Return the scoring with the name of an aggregation, as `ctc predict` chooses it.

    `info`: of the model; None for predictions without one. Raises UsageError for an aggregation
    that the model did not learn.
    """
    name = MEAN if scoring.aggregation == AUTO else scoring.aggregation
    if info is not None:
        name = own_aggregation(scoring.aggregation, info, detector=detector, flips=scoring.flips)
    record = plugins().get(Aggregation, name)
    check_whole_photos(record, detector)
    if info is not None:
        check_pooling(info, record)
    elif record.needs_attention:
        raise UsageError(f"--aggregation {name} needs a model and a DATASET, not predictions")
    return replace(scoring, aggregation=name)


def resolve_calibration(config: CalibrateConfig, info: ModelInfo) -> tuple[CalibrateConfig, bool]:
    """Return the options with the name of an aggregation, and whether a pooling is to be fitted.

    It is where no aggregation was given and the model has features. Raises UsageError for one that
    is yet to be fitted.
    """
    scoring = config.scoring
    given = scoring.aggregation != AUTO
    record = plugins().get(Aggregation, scoring.aggregation if given else MEAN)
    if record.needs_attention:
        raise UsageError(
            f"--aggregation {record.name} is fitted now, where it pays: leave the option out"
        )
    fits = (
        config.pooling
        and not given
        and info.feature_size is not None
        and not scoring.flips
        and not info.preprocessing.is_stacked
    )
    return replace(config, scoring=replace(scoring, aggregation=record.name)), fits
