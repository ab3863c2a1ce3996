"""What the model looked at: on its most confident mistakes, then on right answers drawn at
random."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.observation_types import observation_type
from ctc.artifacts.preprocessing import Preprocessing
from ctc.evaluation.answers.predictions import EvaluationData, Int32Array, UnitPredictions, is_known
from ctc.evaluation.answers.split_images import Pixels, read_split_images
from ctc.evaluation.explain.saliency import SaliencyFn, overlay_heatmap
from ctc.evaluation.metrics.intervals import Int64Array
from ctc.storage.atomic import atomic_write

FOLDER, INDEX = "explain", "explain.csv"
SaliencyMethod = Literal["Grad-CAM", "occlusion"]
_COLUMNS = ("file", "label", "event_id", "path", "truth", "predicted", "confidence")


@dataclass(frozen=True)
class Example:
    """A picture to explain: which answer for which label; `class_index` is that of the class
    `predicted`."""

    label: str
    event_id: str
    path: str
    truth: str
    predicted: str
    class_index: int
    confidence: float


@dataclass(frozen=True)
class Explanation:
    """`image` uint8 (height, 2 × width, 3): the photo as the model sees it, and beside it what
    counts in it."""

    example: Example
    image: Pixels


@dataclass(frozen=True)
class Explanations:
    """`method`: what found them."""

    method: SaliencyMethod
    all: tuple[Explanation, ...]


def choose_examples(data: EvaluationData, count: int) -> list[Example]:
    """For each label that has a truth, up to `count` pictures, each of another event: mistakes for
    half of them, right answers for the rest, those first that name something else than emptiness;
    more of the one kind where there are too few of the other."""
    answers = data.photos or data.events
    found = []
    for label, truth in data.truth.items():
        of_answers = truth[answers.event]
        wrong, right = (
            _one_per_event(answers, rows)
            for rows in _rank_wrong_right(answers, of_answers, data.classes[label], label)
        )
        mistakes = max(count - len(right), -(-count // 2))
        for row in [*wrong[:mistakes], *right][:count]:
            values = answers.probabilities[label][row]
            top = int(values.argmax())
            event_id = data.event_ids[answers.event[row]]
            truth_name, predicted = (
                data.classes[label][number] for number in (of_answers[row], top)
            )
            confidence = float(values[top])
            found.append(
                Example(label, event_id, answers.paths[row], truth_name, predicted, top, confidence)
            )
    return found


def explain(
    saliency_fn: SaliencyFn,
    preprocessing: Preprocessing,
    dataset: Dataset,
    split: str,
    examples: list[Example],
) -> tuple[Explanation, ...]:
    """In the order of `examples`."""
    wanted = {one.event_id for one in examples}
    pictures = {
        (picture.selection.event.event_id, picture.path): picture.pixels
        for picture in read_split_images(dataset, split, preprocessing, 1, lambda _: None, wanted)
    }
    found = []
    for one in examples:
        pixels = pictures[one.event_id, one.path]
        shown = overlay_heatmap(pixels, saliency_fn(pixels, one.label, one.class_index))
        found.append(Explanation(one, np.concatenate([pixels, shown], axis=1)))
    return tuple(found)


def write_explanations(explanations: Explanations, folder: Path) -> None:
    """A PNG each in `folder`/explain, and explain.csv that lists them."""
    with atomic_write(folder / FOLDER) as partial:
        partial.mkdir()
        with (partial / INDEX).open(
            "w", encoding="utf-8", errors="backslashreplace", newline=""
        ) as file:
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow(_COLUMNS)
            for number, one in enumerate(explanations.all, 1):
                name, about = f"{number:03d}.png", one.example
                Image.fromarray(one.image).save(partial / name)
                what = (about.label, about.event_id, about.path, about.truth, about.predicted)
                rows.writerow([name, *what, f"{about.confidence:.4f}"])


def _rank_wrong_right(
    predictions: UnitPredictions, truth: Int32Array, classes: tuple[str, ...], label: str
) -> tuple[Int64Array, Int64Array]:
    """Rows of wrong answers, the most confident first, and of right ones."""
    rows = np.flatnonzero(is_known(truth))
    probabilities = predictions.probabilities[label][rows]
    top, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    is_right = top == truth[rows]
    wrong = np.flatnonzero(~is_right)
    right = np.random.default_rng(0).permutation(np.flatnonzero(is_right))
    blank = np.array([observation_type(name) == "blank" for name in classes])
    shown_last = np.argsort(blank[top[right]], kind="stable")
    return rows[wrong[np.argsort(-confidence[wrong], kind="stable")]], rows[right[shown_last]]


def _one_per_event(predictions: UnitPredictions, rows: Int64Array) -> list[int]:
    _, first = np.unique(predictions.event[rows], return_index=True)
    chosen: list[int] = rows[np.sort(first)].tolist()
    return chosen
