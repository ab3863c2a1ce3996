"""What is known about the evaluation of a model besides its predictions."""

from __future__ import annotations

from collections import Counter

from ctc.artifacts.dataset import TRAIN, Dataset
from ctc.artifacts.label_schema import LabelThresholds
from ctc.artifacts.model.file import ModelInfo
from ctc.evaluation.answers.aggregation import aggregator_factory
from ctc.evaluation.answers.score_split import ScoredSplit
from ctc.evaluation.calibration.calibration import undo_calibration
from ctc.evaluation.calibration.promises.promise_fit import event_setup
from ctc.evaluation.config import EvaluateConfig
from ctc.evaluation.metrics.evaluate import EvaluationContext
from ctc.evaluation.training_overlap import training_overlap
from ctc.inference.own_thresholds import own_thresholds
from ctc.runtime.session import Model


def model_context(
    model: Model, dataset: Dataset, scored: ScoredSplit, config: EvaluateConfig
) -> EvaluationContext:
    """Return the context of a model's evaluation on a split.

    Thresholds are those that were fitted for this way of predicting. How to undo a calibration is
    left out with a detector.
    """
    info, scoring, detector = model.info, config.scoring, config.detector
    own = own_thresholds(info, event_setup(scoring, detector))
    aggregators = aggregator_factory(scoring.aggregation, scoring.aggregation_options)
    return EvaluationContext(
        subject={
            "model": model.path.name,
            **({"detector": detector.path.name} if detector else {}),
            "dataset": dataset.display_path.name,
            "fingerprint": dataset.fingerprint(),
            "split": config.split,
            "aggregation": scoring.aggregation,
            **({"flips": True} if scoring.flips else {}),
            "trained": training_overlap(info, dataset, config.split),
            "failures": len(scored.failures),
        },
        train_counts=_train_class_counts(scored),
        thresholds=_by_class(info, own.events),
        photo_thresholds=_by_class(info, own.photos),
        calibration=info.calibration,
        taxonomies=info.taxonomy,
        uncalibrated=None
        if detector
        else undo_calibration(scored.data, info.calibration, aggregators(info.multi_label)),
    )


def _by_class(info: ModelInfo, thresholds: LabelThresholds) -> dict[str, dict[str, float | None]]:
    return {
        label: dict(zip(info.labels[label], limits, strict=True))
        for label, limits in thresholds.items()
    }


def _train_class_counts(scored: ScoredSplit) -> dict[str, tuple[int, ...]]:
    """Count each class of the predictions' labels in the train split, if there is one."""
    counts = {}
    for name, label in scored.labels.items():
        if TRAIN in label.counts:
            by_class = Counter[str]()
            for one, count in zip(label.classes, label.counts[TRAIN], strict=True):
                by_class[one] += count
            counts[name] = tuple(by_class[one] for one in scored.data.classes[name])
    return counts
