"""What a network says of the test split: how good it is, and its answer to every event."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import chain, groupby, islice

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.event_record import MISSING
from ctc.artifacts.predictions import EventPrediction
from ctc.artifacts.run import Run
from ctc.errors import InputError
from ctc.images.eval_samples import Sample, picks, read_events, record_table, reference_samples
from ctc.plugin import OutputContext
from ctc.storage.atomic import whole_file
from ctc.training.metrics.metrics import PassResult, Totals
from ctc.training.plan import TEST, Plan
from ctc.training.trainer.train_step import Learner

Answered = tuple[Sample, Mapping[str, NDArray[np.float32]]]


def predict_test_split(plan: Plan, learner: Learner, run: Run, advance: Callable[[int], None]) -> PassResult:
    """Answer every event of the test split, as prediction would, into the run's test_predictions.csv; `advance` gets the number of photos
    done. An event of several photos has their mean. Raises InputError for a damaged record, unless those are to be passed over."""
    totals = Totals()
    answers = chain.from_iterable(_answered(plan, learner, totals, advance))
    context = OutputContext(
        model=run.folder.name,
        labels={label.name: label.classes for label in plan.labels},
        created=datetime.now(UTC),
        image_root=plan.dataset.folder.absolute(),
        options={option.key: option.default for option in plan.predictions.options},
    )
    with whole_file(run.test_predictions) as partial:
        plan.predictions.write(_events(answers, plan), partial, context)
    return totals.result(plan.label_weights)


def _answered(plan: Plan, learner: Learner, totals: Totals, advance: Callable[[int], None]) -> Iterator[list[Answered]]:
    for samples in _batches(_samples(plan), plan.config.batch_size):
        scores = learner.answer(np.stack([sample.image for sample in samples]))
        labels = {label: np.array([sample.labels[label] for sample in samples], np.int32) for label in scores}
        learner.judge(scores, labels, totals)
        totals.images += len(samples)
        probabilities = {label: _probabilities(values, label, plan) for label, values in scores.items()}
        yield [
            (sample, {label: values[i] for label, values in probabilities.items()}) for i, sample in enumerate(samples)
        ]
        advance(len(samples))


def _batches(samples: Iterator[Sample], size: int) -> Iterator[list[Sample]]:
    while batch := list(islice(samples, size)):
        yield batch


def _samples(plan: Plan) -> Iterator[Sample]:
    on_bad = _pass_over if plan.config.on_bad_record == "skip" else None
    events = read_events(plan.dataset, TEST, record_table(plan.dataset, TEST), on_bad)
    names = [label.name for label in plan.labels]
    multi_label = plan.dataset.class_counts(plan.config.multi_label)
    chosen = picks(events, plan.preprocessing)
    return reference_samples(chosen, plan.preprocessing, names, on_bad, plan.threads, multi_label)


def _events(answers: Iterator[Answered], plan: Plan) -> Iterator[EventPrediction]:
    classes = {label.name: label.classes for label in plan.labels}
    for event_id, group in groupby(answers, lambda answered: answered[0].event_id):
        photos = list(group)
        means = {label: np.mean([values[label] for _, values in photos], axis=0) for label in classes}
        truth = {f"true_{label}": _names(classes[label], told) for label, told in photos[0][0].labels.items()}
        yield EventPrediction(event_id, classes, means, (), truth, multi_label=plan.config.multi_label)


def _names(classes: tuple[str, ...], told: int | list[int]) -> str | None:
    """The class; of a multi-label label all that were seen, as a JSON list."""
    if isinstance(told, int):
        return None if told == MISSING else classes[told]
    seen = [name for name, observed in zip(classes, told, strict=True) if observed == 1]
    return json.dumps(seen, ensure_ascii=False) if seen else None


def _probabilities(scores: NDArray[np.float32], label: str, plan: Plan) -> NDArray[np.float32]:
    """Sigmoid of a multi-label label's scores, softmax of another's."""
    several = label in plan.config.multi_label
    highest = np.maximum(scores, 0.0) if several else scores.max(axis=1, keepdims=True)
    powers = np.exp(scores - highest)
    found: NDArray[np.float32] = powers / (powers + np.exp(-highest) if several else powers.sum(axis=1, keepdims=True))
    return found


def _pass_over(_: InputError) -> None:
    """A damaged record is in no score."""
