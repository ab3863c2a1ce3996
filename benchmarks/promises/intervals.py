"""How often the 95 % intervals of `ctc evaluate` hold the true figures of drawn worlds.

Answers are right where a normal variable exceeds 0, with parts for the class, the camera, the run,
the event and the photo, so that the true figures are known exactly. Cameras differ in how well they
do (0.5), in how well they do by class (0.25), in how often they see each class (Dirichlet) and in
their number of events (log-normal, 0.7).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from ctc.evaluation.metrics.class_metrics import compute_class_metrics
from ctc.evaluation.metrics.estimator import Estimator
from ctc.evaluation.metrics.evaluation import Estimate
from ctc.evaluation.statistics.clusters import Clusters

Float = NDArray[np.float64]

CLASSES = ("deer", "boar", "fox", "lynx")
SKILL = np.array([1.6, 1.0, 0.6, 0.2])
SHARE = np.array([0.45, 0.3, 0.17, 0.08])
OF_RUN = OF_EVENT = 0.8
OF_CAMERA = 0.5


@dataclass(frozen=True)
class World:
    """What is drawn: `cameras` (0: unknown), events in `runs`, several `photos` of each event.

    `new`: the truth is that of new cameras.
    """

    name: str
    events: int
    cameras: int = 0
    runs: bool = False
    photos: bool = False
    new: bool = False


WORLDS = (
    World("per photo, 1 to 4 of each of 300 events", 300, photos=True),
    World("per event, 300 independent ones", 300),
    World("per event, 600 in runs of 3", 600, runs=True),
    World("same 20 cameras, 600 events in runs", 600, 20, runs=True),
    World("new cameras: 20 × 600 events", 600, 20, new=True),
    World("new cameras: 20 × 2,000 events", 2_000, 20, new=True),
    World("new cameras: 100 × 2,000 events", 2_000, 100, new=True),
)


@dataclass(frozen=True)
class Drawn:
    """N answers of a world, and its true `confusion` as shares."""

    truth: NDArray[np.int32]
    predicted: NDArray[np.int64]
    clusters: Clusters
    confusion: Float


def draw(world: World, rng: np.random.Generator) -> Drawn:
    """Draw the answers of one validation set."""
    kinds, cameras = len(CLASSES), max(world.cameras, 1)
    effect = np.zeros((cameras, kinds))
    shares = np.tile(SHARE, (cameras, 1))
    size = np.ones(cameras)
    if world.cameras:
        effect = OF_CAMERA * rng.normal(size=(cameras, 1)) + OF_CAMERA / 2 * rng.normal(
            size=(cameras, kinds)
        )
        shares, size = rng.dirichlet(5 * SHARE, cameras), rng.lognormal(0, 0.7, cameras)
    count = rng.multinomial(world.events, size / size.sum())
    camera = np.repeat(np.arange(cameras), count)
    run = _runs(camera, world.runs, rng)
    first = np.unique(run, return_index=True)[1]
    cumulated = np.cumsum(shares, axis=1)[camera[first]]
    of_run = (rng.random(len(first))[:, None] > cumulated).sum(axis=1).clip(0, kinds - 1)
    truth = of_run[run]
    spread = np.sqrt(1 + world.runs * OF_RUN**2 + world.photos * OF_EVENT**2)
    level = (
        SKILL[truth]
        + effect[camera, truth]
        + world.runs * OF_RUN * rng.normal(size=len(first))[run]
    )
    level += world.photos * OF_EVENT * rng.normal(size=world.events)
    event = np.repeat(
        np.arange(world.events), rng.integers(1, 5, world.events) if world.photos else 1
    )
    right = level[event] + rng.normal(size=len(event)) > 0
    wrong = (truth + rng.integers(1, kinds, world.events)) % kinds
    location = camera[event] if world.cameras else np.full(len(event), -1)
    if world.new:
        wide = np.sqrt(spread**2 + 1.25 * OF_CAMERA**2)
        confusion = _confusion(np.ones(1), SHARE[None], norm.cdf(SKILL / wide)[None])
    else:
        confusion = _confusion(count / count.sum(), shares, norm.cdf((SKILL + effect) / spread))
    return Drawn(
        truth[event].astype(np.int32),
        np.where(right, truth[event], wrong[event]),
        Clusters(run[event], location),
        confusion,
    )


def _runs(camera: NDArray[np.int64], in_runs: bool, rng: np.random.Generator) -> NDArray[np.int64]:
    begins = rng.random(len(camera)) < (1 / 3 if in_runs else 1)
    begins |= np.append(True, np.diff(camera) != 0)
    return np.cumsum(begins) - 1


def _confusion(weight: Float, shares: Float, right: Float) -> Float:
    """Return the shares of true and called classes, (K, K)."""
    kinds = shares.shape[1]
    hits = (weight[:, None] * shares * right).sum(axis=0)
    errors = (weight[:, None] * shares * (1 - right)).sum(axis=0)
    found = np.repeat(errors[:, None] / (kinds - 1), kinds, axis=1)
    np.fill_diagonal(found, hits)
    return found


def true_figures(confusion: Float) -> dict[str, Float]:
    """Return the figures of a confusion matrix."""
    hits, support, called = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    f1 = 2 * hits / (support + called)
    return {
        "top_1": hits.sum(keepdims=True),
        "recall": hits / support,
        "precision": hits / called,
        "f1": f1,
        "macro f1": f1.mean(keepdims=True),
    }


def estimates(drawn: Drawn) -> dict[str, list[Estimate]]:
    """Return the figures as `ctc evaluate` computes them."""
    right = drawn.truth == drawn.predicted
    rows = np.arange(len(right), dtype=np.int32)
    scores = compute_class_metrics(
        drawn.truth,
        np.eye(len(CLASSES), dtype=np.float32)[drawn.predicted],
        CLASSES,
        Estimator.from_events(drawn.clusters, rows, right),
    )
    found = {metric: list(scores.estimates[metric]) for metric in ("recall", "precision", "f1")}
    return {"top_1": [scores.found], **found, "macro f1": [scores.macro().f1]}


def covered(world: World, repeats: int, seed: int = 19) -> Mapping[str, Float]:
    """Return, by figure, the share of the repetitions whose interval holds the truth, by class."""
    held = defaultdict(list)
    for number in range(repeats):
        drawn = draw(world, np.random.default_rng([seed, number]))
        true = true_figures(drawn.confusion)
        for figure, found in estimates(drawn).items():
            held[figure].append(list(_hits(found, true[figure], world.new)))
    return {figure: np.nanmean(np.array(rows, float), axis=0) for figure, rows in held.items()}


def _hits(found: list[Estimate], true: Float, new: bool) -> Iterator[float]:
    for one, value in zip(found, true.tolist(), strict=True):
        low, high = (one.new_low, one.new_high) if new else (one.low, one.high)
        yield float("nan") if np.isnan(low) else float(low <= value <= high)


def main(runs: int) -> None:
    """Print a Markdown table; of classes, the lowest and the highest share."""
    print(f"| {runs:,} repetitions | top_1 | recall | precision | F1 | macro F1 |")
    print("|---|---|---|---|---|---|")
    for world in WORLDS:
        cells = [_cell(shares) for shares in covered(world, runs).values()]
        print(f"| {world.name} | {' | '.join(cells)} |", flush=True)


def _cell(shares: Float) -> str:
    low, high = f"{shares.min():.3f}", f"{shares.max():.3f}"
    return low if low == high else f"{low}–{high}"
