"""Going once through the batches of a split, to learn or to look, and what came of it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from ctc.errors import CtcError
from ctc.plugin import Batch, BatchStream
from ctc.training.trainee import Trainee

EachStep = Callable[[int], None]


@dataclass(frozen=True)
class LabelScore:
    """`loss`: mean cross-entropy in nats and `accuracy`: 0–1, over the `n` photos that have the label; not a number when none has."""

    loss: float
    accuracy: float
    n: int


@dataclass(frozen=True)
class PassResult:
    """One pass over a split. `loss`: the labels' losses by weight. `waited`: seconds of `seconds` spent waiting for data."""

    loss: float
    labels: Mapping[str, LabelScore]
    images: int
    seconds: float
    waited: float

    @property
    def images_per_second(self) -> float:
        return self.images / self.seconds if self.seconds else 0.0

    @property
    def waiting(self) -> float:
        """The share of the time, 0–1, spent waiting for data."""
        return self.waited / self.seconds if self.seconds else 0.0


class NotANumberError(CtcError):
    """The loss overflowed."""


def learn(trainee: Trainee, stream: BatchStream, epoch: int, steps: int | None, each_step: EachStep) -> PassResult:
    """Teach one epoch, at most `steps` batches of it. Raises NotANumberError at the first loss that isn't finite."""
    batches = islice(stream.epoch(epoch), steps)
    return _go_through(trainee, batches, trainee.train_on_batch, f"of epoch {epoch + 1}", each_step)


def evaluate(trainee: Trainee, stream: BatchStream, each_step: EachStep) -> PassResult:
    """Look at a whole split, always the same photos of it."""
    return _go_through(trainee, stream.epoch(0), trainee.test_on_batch, "of the evaluation", each_step)


def _go_through(
    trainee: Trainee, batches: Iterable[Batch], act: Callable[..., Mapping[str, float]], where: str, each_step: EachStep
) -> PassResult:
    totals = {label: [0.0, 0.0, 0.0] for label in trainee.order}
    images, started, clock = 0, time.perf_counter(), _Waiting(batches)
    for step, batch in enumerate(clock, start=1):
        sums = act(batch.images, dict(batch.labels), return_dict=True)
        images += len(batch.images)
        for place, label in enumerate(trainee.order):
            for kind, name in enumerate(("loss", "correct", "present")):
                totals[label][kind] += float(sums[f"{name}_{place}"])
            if not math.isfinite(totals[label][0]):
                raise NotANumberError(
                    f"the loss of '{label}' is not a number after step {step} {where}: lower --learning-rate"
                )
        each_step(len(batch.images))
    scores = {label: _score(*sums) for label, sums in totals.items()}
    loss = sum(trainee.weight_of[label] * score.loss for label, score in scores.items() if score.n)
    return PassResult(loss, scores, images, time.perf_counter() - started, clock.waited)


def _score(loss: float, correct: float, present: float) -> LabelScore:
    if not present:
        return LabelScore(math.nan, math.nan, 0)
    return LabelScore(loss / present, correct / present, round(present))


class _Waiting:
    """Hands batches on and adds up, in `waited`, the seconds until each came."""

    def __init__(self, batches: Iterable[Any]) -> None:
        self._batches = iter(batches)
        self.waited = 0.0

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        asked = time.perf_counter()
        try:
            return next(self._batches)
        finally:
            self.waited += time.perf_counter() - asked
