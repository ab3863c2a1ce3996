"""Saliency maps of chosen examples: confident mistakes, then random right predictions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.artifacts.observation_types import observation_type
from ctc.evaluation.answers.predictions import EvaluationData, Int32Array, UnitPredictions, is_known
from ctc.evaluation.answers.split_images import read_split_images
from ctc.evaluation.explain.saliency import SaliencyFn, overlay_heatmap
from ctc.evaluation.statistics.exact import Int64Array
from ctc.images.decode import Pixels
from ctc.storage.atomic import atomic_write
from ctc.storage.csv_writer import open_rows

FOLDER, INDEX = "explain", "explain.csv"
SaliencyMethod = Literal["Grad-CAM", "occlusion"]
_COLUMNS = ("file", "label", "event_id", "path", "truth", "predicted", "confidence")


@dataclass(frozen=True)
class Example:
    """A photo to explain; `class_index` is the number of the class `predicted`."""

    label: str
    event_id: str
    path: str
    truth: str
    predicted: str
    class_index: int
    confidence: float


@dataclass(frozen=True)
class Explanation:
    """A saliency map; `image` is uint8 (height, 2 × width, 3), model input and overlay."""

    example: Example
    image: Pixels


@dataclass(frozen=True)
class Explanations:
    """All saliency maps, with the method that computed them."""

    method: SaliencyMethod
    all: tuple[Explanation, ...]


def choose_examples(data: EvaluationData, count: int) -> list[Example]:
    """Choose up to `count` photos per label with a ground truth, each of another event.

    Half of them are mistakes, the most confident first. The rest are right predictions in random
    order, classes that mean empty last. Too few of one kind are made up by the other.
    """
    predictions = data.photos or data.events
    examples = []
    for label, truth in data.truth.items():
        wrong, right = (
            _one_per_event(predictions, rows)
            for rows in _rank_wrong_right(
                predictions, truth[predictions.event], data.classes[label], label
            )
        )
        mistakes = max(count - len(right), -(-count // 2))
        rows = [*wrong[:mistakes], *right][:count]
        examples += [_example(data, predictions, label, row) for row in rows]
    return examples


def explain(
    saliency_fn: SaliencyFn,
    preprocessing: Preprocessing,
    dataset: Dataset,
    split: str,
    examples: list[Example],
) -> tuple[Explanation, ...]:
    """Compute the saliency maps of `examples`, in their order."""
    event_ids = {example.event_id for example in examples}
    images = {
        (image.selection.event.event_id, image.path): image.pixels
        for image in read_split_images(dataset, split, preprocessing, 1, lambda _: None, event_ids)
    }
    explanations = []
    for example in examples:
        pixels = images[example.event_id, example.path]
        heatmap = saliency_fn(pixels, example.label, example.class_index)
        overlay = overlay_heatmap(pixels, heatmap)
        explanations.append(Explanation(example, np.concatenate([pixels, overlay], axis=1)))
    return tuple(explanations)


def write_explanations(explanations: Explanations, folder: Path, for_excel: bool = False) -> None:
    """Write a PNG for each into `folder`/explain, and explain.csv that lists them.

    `for_excel`: see `RowWriter`.
    """
    with atomic_write(folder / FOLDER) as partial:
        partial.mkdir()
        with open_rows(partial / INDEX, for_excel) as rows:
            rows.writerow(_COLUMNS)
            for number, one in enumerate(explanations.all, 1):
                name, about = f"{number:03d}.png", one.example
                Image.fromarray(one.image).save(partial / name)
                cells = (about.label, about.event_id, about.path, about.truth, about.predicted)
                rows.writerow([name, *cells, f"{about.confidence:.4f}"])


def _example(data: EvaluationData, predictions: UnitPredictions, label: str, row: int) -> Example:
    values, event = predictions.probabilities[label][row], int(predictions.event[row])
    top = int(values.argmax())
    truth, predicted = (data.classes[label][number] for number in (data.truth[label][event], top))
    return Example(
        label,
        data.event_ids[event],
        predictions.paths[row],
        truth,
        predicted,
        top,
        float(values[top]),
    )


def _rank_wrong_right(
    predictions: UnitPredictions, truth: Int32Array, classes: tuple[str, ...], label: str
) -> tuple[Int64Array, Int64Array]:
    """Return the rows of wrong predictions, most confident first, and of right ones, shuffled."""
    rows = np.flatnonzero(is_known(truth))
    probabilities = predictions.probabilities[label][rows]
    top, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    is_right = top == truth[rows]
    wrong = np.flatnonzero(~is_right)
    right = np.random.default_rng(0).permutation(np.flatnonzero(is_right))
    blank = np.array([observation_type(name) == "blank" for name in classes])
    blank_last = np.argsort(blank[top[right]], kind="stable")
    return rows[wrong[np.argsort(-confidence[wrong], kind="stable")]], rows[right[blank_last]]


def _one_per_event(predictions: UnitPredictions, rows: Int64Array) -> list[int]:
    _, first = np.unique(predictions.event[rows], return_index=True)
    chosen: list[int] = rows[np.sort(first)].tolist()
    return chosen
