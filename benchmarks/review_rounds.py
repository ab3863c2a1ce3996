"""What a person's labels are worth in the order of the queue "most worth a label".

    ctc embed FEATURES WORLD/labels.csv --event-id event_id --image image1 \\
        --image-root WORLD/photos --output EMBEDDINGS
    python -m benchmarks.review_rounds WORLD/labels.csv EMBEDDINGS [--seeds 10]

WORLD is one of `ctc demo`, or any table with event_id, species and, if known, location. Each seed
divides the places into two thirds whose events may be labelled, and a third that the accuracy is
measured on. A simulated annotator labels a third in five rounds: random events first, then in the
order of a queue, by the probe that was fitted on what is labelled. Beside it, random order, and all
labels.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.dataset import Label
from ctc.artifacts.event_record import MISSING
from ctc.evaluation.answers.predictions import EvaluationData, UnitPredictions
from ctc.evaluation.worklists.active_learning import rank_for_labelling
from ctc.features.probe.fitting.fit import fit_heads
from ctc.features.probe.fitting.heads import Heads
from ctc.features.probe.samples import Samples
from ctc.features.store import Embeddings

LABEL, SHARE, ROUNDS = "species", 1 / 3, 5
Indices = NDArray[np.int64]
Pick = Callable[[EvaluationData, np.random.Generator], Indices]


@dataclass(frozen=True)
class World:
    """Events with `features` (E, size), true class numbers and place numbers, all (E,)."""

    features: NDArray[np.float32]
    truth: NDArray[np.int32]
    place: NDArray[np.int64]
    classes: tuple[str, ...]

    def take(self, events: Indices) -> World:
        return World(self.features[events], self.truth[events], self.place[events], self.classes)

    def fit(self) -> Heads:
        """Return the probe of all events."""
        n = len(self.truth)
        samples = Samples(
            {"original": self.features},
            np.arange(n),
            tuple(map(str, range(n))),
            {LABEL: self.truth},
            self.place,
        )
        counts = np.bincount(self.truth, minlength=len(self.classes)).tolist()
        label = Label(LABEL, self.classes, {"train": tuple(counts)})
        return fit_heads(samples, None, [label])

    def accuracy(self, heads: Heads) -> float:
        return float((heads.predict(self.features)[LABEL].argmax(axis=1) == self.truth).mean())


def read_world(table: Path, embeddings: Path) -> World:
    """Return the events of a table, with the mean features of their photos."""
    with table.open(encoding="utf-8", newline="") as file:
        rows = {row["event_id"]: row for row in csv.DictReader(file)}
    found = Embeddings.read(embeddings)
    ids = found.table["event_id"].to_pylist()
    events = sorted(set(ids))
    owner = np.searchsorted(events, ids)
    total = np.zeros((len(events), found.feature_size))
    np.add.at(total, owner, found.take(range(len(found))))
    classes, truth = np.unique([rows[one][LABEL] for one in events], return_inverse=True)
    places = [rows[one].get("location") or one for one in events]
    _, place = np.unique(places, return_inverse=True)
    features = (total / np.bincount(owner)[:, None]).astype(np.float32)
    return World(features, truth.astype(np.int32), place, tuple(classes.tolist()))


def pick_random(data: EvaluationData, rng: np.random.Generator) -> Indices:
    """Return the events without a label in random order."""
    return rng.permutation(np.flatnonzero(data.truth[LABEL] == MISSING))


def pick_worth(data: EvaluationData, rng: np.random.Generator) -> Indices:  # noqa: ARG001
    """Return the events without a label in the order of the queue "most worth a label"."""
    return rank_for_labelling(data, LABEL).event


def as_data(pool: World, labelled: Indices, probabilities: NDArray[np.float32]) -> EvaluationData:
    """Return the predictions of all events, with the truth of those that are labelled."""
    n = len(pool.truth)
    truth = np.full(n, MISSING, np.int32)
    truth[labelled] = pool.truth[labelled]
    names = tuple(map(str, range(n)))
    return EvaluationData(
        classes={LABEL: pool.classes},
        event_ids=names,
        truth={LABEL: truth},
        photos_in_event=np.ones(n, np.int32),
        location=pool.place.astype(np.int32),
        locations=tuple(map(str, range(int(pool.place.max()) + 1))),
        light=np.full(n, -1, np.int8),
        timestamps=("",) * n,
        events=UnitPredictions(np.arange(n, dtype=np.int32), names, {LABEL: probabilities}),
        photos=None,
    )


ORDERS: dict[str, Pick] = {"random": pick_random, "most worth a label": pick_worth}


def annotate(pool: World, test: World, pick: Pick, seed: int) -> list[float]:
    """Return the accuracy on `test` after each round of labels."""
    rng = np.random.default_rng(seed)
    size = round(len(pool.truth) * SHARE / ROUNDS)
    labelled = rng.permutation(len(pool.truth))[:size]
    found = []
    while True:
        heads = pool.take(labelled).fit()
        found.append(test.accuracy(heads))
        if len(found) == ROUNDS:
            return found
        data = as_data(pool, labelled, heads.predict(pool.features)[LABEL])
        labelled = np.append(labelled, pick(data, rng)[:size])


def divide(world: World, seed: int) -> tuple[World, World]:
    """Return the events that may be labelled, and those of other places."""
    places = np.random.default_rng([seed, 1]).permutation(int(world.place.max()) + 1)
    tested = np.isin(world.place, places[: len(places) // 3])
    return world.take(np.flatnonzero(~tested)), world.take(np.flatnonzero(tested))


def interval(values: NDArray[np.float64]) -> str:
    """Return the mean and its 95 % interval by Student's t over the seeds, in per cent."""
    from scipy.stats import t

    mean, n = values.mean(), len(values)
    half = t.ppf(0.975, n - 1) * values.std(ddof=1) / np.sqrt(n)
    return f"{100 * mean:.1f} ({100 * (mean - half):.1f} to {100 * (mean + half):.1f})"


def main() -> None:
    """Print the accuracy by order and share of labels, and how much less it is than with all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", type=Path)
    parser.add_argument("embeddings", type=Path)
    parser.add_argument("--seeds", type=int, default=10)
    given = parser.parse_args()
    world = read_world(given.table, given.embeddings)
    found = {name: np.zeros((given.seeds, ROUNDS)) for name in ORDERS}
    whole = np.zeros(given.seeds)
    for seed in range(given.seeds):
        pool, test = divide(world, seed)
        whole[seed] = test.accuracy(pool.fit())
        for name, pick in ORDERS.items():
            found[name][seed] = annotate(pool, test, pick, seed)
    shares = [f"{SHARE * one / ROUNDS:.0%}" for one in range(1, ROUNDS + 1)]
    print(f"{len(world.truth):,} events, {given.seeds} seeds; all labels: {interval(whole)}")
    print(f"| order | {' | '.join(shares)} | less than with all labels |")
    print("|---|" + "---|" * (ROUNDS + 1))
    for name, rows in found.items():
        cells = [f"{100 * one:.1f}" for one in rows.mean(axis=0)[:-1]]
        cells += [interval(rows[:, -1]), interval(whole - rows[:, -1])]
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
