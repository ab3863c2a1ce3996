"""Predictions and metrics of a network on the test split."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import chain, groupby, islice

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.dataset import TEST
from ctc.artifacts.event_record import MISSING
from ctc.artifacts.predictions import EventPrediction
from ctc.artifacts.run import Run
from ctc.errors import InputError
from ctc.images.eval_samples import Sample, eval_samples, read_events, record_table, select_photos
from ctc.plugin import OutputContext
from ctc.storage.atomic import atomic_write
from ctc.training.metrics.metrics import MetricSums, SplitMetrics
from ctc.training.plan import TrainingPlan
from ctc.training.trainer.steps.train_step import ModelRunner

SamplePrediction = tuple[Sample, Mapping[str, NDArray[np.float32]]]


def predict_test_split(
    plan: TrainingPlan, runner: ModelRunner, run: Run, on_progress: Callable[[int], None]
) -> SplitMetrics:
    """Write the run's test_predictions.csv, with the same pixels as prediction; return the metrics.

    `on_progress` is called with the number of photos done. The prediction of an event is the mean
    over its photos. Raises InputError for a damaged record, unless those are skipped.
    """
    totals = MetricSums()
    predictions = chain.from_iterable(_predict_batches(plan, runner, totals, on_progress))
    context = OutputContext(
        model=run.folder.name,
        labels={label.name: label.classes for label in plan.labels},
        created=datetime.now(UTC),
        image_root=plan.dataset.folder.absolute(),
        options={option.key: option.default for option in plan.prediction_format.options},
    )
    with atomic_write(run.test_predictions) as partial:
        plan.prediction_format.write(_event_predictions(predictions, plan), partial, context)
    return totals.compute(plan.label_weights)


def _predict_batches(
    plan: TrainingPlan, runner: ModelRunner, totals: MetricSums, on_progress: Callable[[int], None]
) -> Iterator[list[SamplePrediction]]:
    for samples in _batches(_samples(plan), plan.batches.batch_size):
        logits = runner.predict(np.stack([sample.image for sample in samples]))
        labels = {
            label: np.array([sample.labels[label] for sample in samples], np.int32)
            for label in logits
        }
        totals += runner.compute_metrics(logits, labels)
        totals.images += len(samples)
        probabilities = {
            label: _to_probabilities(values, label, plan) for label, values in logits.items()
        }
        yield [
            (sample, {label: values[i] for label, values in probabilities.items()})
            for i, sample in enumerate(samples)
        ]
        on_progress(len(samples))


def _batches(samples: Iterator[Sample], size: int) -> Iterator[list[Sample]]:
    while batch := list(islice(samples, size)):
        yield batch


def _samples(plan: TrainingPlan) -> Iterator[Sample]:
    on_bad = _ignore_bad_record if plan.config.on_bad_record == "skip" else None
    events = read_events(plan.dataset, TEST, record_table(plan.dataset, TEST), on_bad)
    names = [label.name for label in plan.labels]
    multi_label = plan.dataset.num_classes(plan.config.multi_label)
    chosen = select_photos(events, plan.preprocessing)
    return eval_samples(chosen, plan.preprocessing, names, on_bad, plan.threads, multi_label)


def _event_predictions(
    predictions: Iterator[SamplePrediction], plan: TrainingPlan
) -> Iterator[EventPrediction]:
    classes = {label.name: label.classes for label in plan.labels}
    for event_id, group in groupby(predictions, lambda predicted: predicted[0].event_id):
        photos = list(group)
        means = {
            label: np.mean([values[label] for _, values in photos], axis=0) for label in classes
        }
        truth = {
            f"true_{label}": _class_names(classes[label], target)
            for label, target in photos[0][0].labels.items()
        }
        yield EventPrediction(
            event_id, classes, means, (), truth, multi_label=plan.config.multi_label
        )


def _class_names(classes: tuple[str, ...], target: int | list[int]) -> str | None:
    """Return the true class; of a multi-label label all true classes, as a JSON list."""
    if isinstance(target, int):
        return None if target == MISSING else classes[target]
    present = [name for name, value in zip(classes, target, strict=True) if value == 1]
    return json.dumps(present, ensure_ascii=False) if present else None


def _to_probabilities(
    logits: NDArray[np.float32], label: str, plan: TrainingPlan
) -> NDArray[np.float32]:
    """Return the sigmoid of a multi-label label's logits, the softmax of any other's."""
    multi_label = label in plan.config.multi_label
    highest = np.maximum(logits, 0.0) if multi_label else logits.max(axis=1, keepdims=True)
    powers = np.exp(logits - highest)
    probabilities: NDArray[np.float32] = powers / (
        powers + np.exp(-highest) if multi_label else powers.sum(axis=1, keepdims=True)
    )
    return probabilities


def _ignore_bad_record(_: InputError) -> None:
    """Leave a damaged record out of all metrics."""
