"""The learning curve: what fewer photos per class would have given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.dataset import Label
from ctc.artifacts.event_record import MISSING
from ctc.features.intervals import CONFIDENCE, MIN_PLACES, share_of
from ctc.features.probe.fitting.fit import fit_heads
from ctc.features.probe.fitting.heads import Heads
from ctc.features.probe.samples import Samples
from ctc.features.probe.score import event_probabilities, right_events
from ctc.plugin import Aggregation

RESAMPLES = 1_000
MIN_GROWTH = 1.5
"""A curve tells nothing of photos that are hardly more."""
NEGLIGIBLE_GAIN = 0.02
"""A gain that is surely smaller is not worth the labels."""


@dataclass(frozen=True)
class CurvePoint:
    """The accuracy that `shots` photos per class give; None: all photos.

    `photos`: the mean number of photos over the draws. `accuracy`: the mean over the draws, with
    its 95 % interval over draws and over events, or places, of the split. `lowest`, `highest`: of
    the draws. `gain`: of all photos over these, with its interval; 0 for all photos.
    """

    shots: int | None
    draws: int
    photos: float
    accuracy: float
    low: float
    high: float
    lowest: float
    highest: float
    gain: float
    gain_low: float
    gain_high: float


@dataclass(frozen=True)
class LearningCurve:
    """The curve of one label, measured on `split` with `events` of `places` (0: unknown).

    `largest_class`: its photos to train on. `left_out`: the --shots that no class exceeds.
    """

    label: str
    split: str
    events: int
    places: int
    largest_class: int
    left_out: tuple[int, ...]
    points: tuple[CurvePoint, ...]

    @property
    def advice(self) -> str:
        """Return whether more photos are likely to help, and which --shots had too few."""
        if self.left_out and len(self.points) > 1:
            return (
                f"{self._verdict}; no class has more than {self.largest_class:,} photos: left out"
                f" --shots {', '.join(map(str, self.left_out))}"
            )
        return self._verdict

    @property
    def _verdict(self) -> str:
        if len(self.points) < 2:
            return f"'{self.label}': no class has more photos than --shots asks for"
        before, whole = self.points[-2:]
        steps = f"from {before.photos:,.0f} to {whole.photos:,.0f} photos"
        gain = (
            f"{before.gain:+.1%} of the events of '{self.split}'"
            f" (95 % interval {before.gain_low:+.1%} to {before.gain_high:+.1%})"
        )
        if whole.photos < MIN_GROWTH * before.photos:
            verdict = "too few more photos to tell whether more labels would help"
        elif before.gain_low > 0:
            verdict = "accuracy still rises: more labels are likely to help"
        elif before.gain_high < NEGLIGIBLE_GAIN:
            verdict = "accuracy hardly rises: more labels of this kind will not help much"
        else:
            verdict = "too few events, or places, to tell whether more labels would help"
        return f"'{self.label}', {steps}: {gain}; {verdict}"


def learning_curve(
    train: Samples,
    held_out: tuple[str, Samples],
    label: Label,
    whole: Heads,
    shots: Sequence[int],
    draws: int,
    class_weights: str,
    seed: int,
    aggregation: Aggregation,
    on_draw: Callable[[int], None],
) -> LearningCurve | None:
    """Return the curve of a label, None if no event of the held-out split has it.

    Each draw takes whole events in random order until each class has so many photos, and chooses
    its penalty by cross-validation within them, as one who has no more would. Numbers of photos
    that no class exceeds are left out. `held_out`: name and samples of the split that the accuracy
    is measured on. `on_draw` is called after each draw.
    """
    split, samples = held_out
    tested = samples.subset(samples.known(label.name))
    if not tested.event_ids:
        return None

    def hits(heads: Heads) -> NDArray[np.bool_]:
        answers = event_probabilities(heads, tested, aggregation)[label.name]
        return right_events(answers, tested.truth[label.name])

    known = train.subset(train.known(label.name))
    all_hits = hits(Heads(whole.mean, whole.std, {label.name: whole.labels[label.name]}))[None]
    rng = np.random.default_rng(seed)
    most = int(_photos_per_class(known, label).max())
    measured: list[tuple[int | None, float, NDArray[np.bool_]]] = []
    counts = sorted(set(shots))
    for count in (count for count in counts if count < most):
        rows, photos = [], []
        for _ in range(draws):
            drawn = known.subset(draw_events(known, label, count, rng))
            rows.append(hits(fit_heads(drawn, None, [label], class_weights, seed)))
            photos.append(len(drawn.event))
            on_draw(1)
        measured.append((count, float(np.mean(photos)), np.stack(rows)))
    measured.append((None, float(len(known.event)), all_hits))
    points, places = _points(measured, tested.place, seed)
    left_out = tuple(count for count in counts if count >= most)
    return LearningCurve(label.name, split, len(tested.event_ids), places, most, left_out, points)


def draw_events(
    samples: Samples, label: Label, shots: int, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Return which events to take, bool (E,): in random order until each class has the photos.

    The last event of a class may bring more photos than are missing.
    """
    truth = samples.truth[label.name]
    photos = np.bincount(samples.event, minlength=len(samples.event_ids))
    have = np.zeros(len(label.classes), np.int64)
    taken = np.zeros(len(photos), np.bool_)
    for event in rng.permutation(len(photos)):
        classes = np.atleast_1d(truth[event]) if truth.ndim == 1 else np.flatnonzero(truth[event])
        if (have[classes] < shots).any():
            taken[event] = True
            have[classes] += photos[event]
    return taken


def _photos_per_class(samples: Samples, label: Label) -> NDArray[np.int64]:
    truth = samples.truth[label.name][samples.event]
    if truth.ndim == 2:
        return np.asarray((truth == 1).sum(axis=0), np.int64)
    return np.bincount(truth[truth != MISSING], minlength=len(label.classes))


def _points(
    measured: Sequence[tuple[int | None, float, NDArray[np.bool_]]],
    place: NDArray[np.int64],
    seed: int,
) -> tuple[tuple[CurvePoint, ...], int]:
    """Return the points and the number of places, 0 if events are resampled.

    A bootstrap resamples the places, or events, that the accuracy is measured on, and for each
    resample takes one of the draws. The same places are used for all points, so that their
    differences are paired.
    """
    known = place >= 0
    places = len(np.unique(place[known]))
    by_place = places >= MIN_PLACES
    group = np.where(known, place, place.max(initial=0) + 1 + np.arange(len(place)))
    _, number = np.unique(group if by_place else np.arange(len(place)), return_inverse=True)
    groups = int(number.max()) + 1
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(groups, np.full(groups, 1 / groups), RESAMPLES)
    events = weights @ np.bincount(number, minlength=groups)
    samples, means = [], []
    for _, _, hits in measured:
        right = np.stack([np.bincount(number, row, minlength=groups) for row in hits])
        chosen = right[rng.integers(len(right), size=RESAMPLES)]
        samples.append((weights * chosen).sum(axis=1) / events)
        means.append(hits.mean(axis=1))
    tail = (1 - CONFIDENCE) / 2
    points = []
    for (shots, photos, hits), sample, mean in zip(measured, samples, means, strict=True):
        low, high = np.quantile(sample, (tail, 1 - tail)).tolist()
        if low == high:  # all right, or all wrong: no resample shows how sure that is
            exact = share_of(hits.mean(axis=0) >= 0.5, place)
            low, high = exact.low, exact.high
        gain_low, gain_high = np.quantile(samples[-1] - sample, (tail, 1 - tail)).tolist()
        points.append(
            CurvePoint(
                shots,
                len(hits),
                photos,
                float(mean.mean()),
                low,
                high,
                float(mean.min()),
                float(mean.max()),
                float(means[-1].mean() - mean.mean()),
                gain_low,
                gain_high,
            )
        )
    return tuple(points), places if by_place else 0
