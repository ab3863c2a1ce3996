"""What the model looked at: on its most confident mistakes, then on right answers drawn at random."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.observation_types import kind_of
from ctc.artifacts.preprocessing import Preprocessing
from ctc.evaluation.answers.predictions import Answers, Numbers, Scored, known
from ctc.evaluation.answers.split_images import Pixels, split_pictures
from ctc.evaluation.explain.saliency import Heat, overlay
from ctc.evaluation.metrics.intervals import Ints
from ctc.storage.atomic import whole_file

FOLDER, INDEX = "explain", "explain.csv"
Method = Literal["Grad-CAM", "occlusion"]
_COLUMNS = ("file", "label", "event_id", "path", "truth", "predicted", "confidence")


@dataclass(frozen=True)
class Chosen:
    """A picture to explain: which answer for which label; `number` is that of the class `predicted`."""

    label: str
    event_id: str
    path: str
    truth: str
    predicted: str
    number: int
    confidence: float


@dataclass(frozen=True)
class Explanation:
    """`picture` uint8 (height, 2 × width, 3): the photo as the model sees it, and beside it what counts in it."""

    chosen: Chosen
    picture: Pixels


@dataclass(frozen=True)
class Explanations:
    """`method`: what found them."""

    method: Method
    all: tuple[Explanation, ...]


def choose(scored: Scored, count: int) -> list[Chosen]:
    """For each label that has a truth, up to `count` pictures, each of another event: mistakes for half of them, right answers for the
    rest, those first that name something else than emptiness; more of the one kind where there are too few of the other."""
    answers = scored.photos or scored.events
    found = []
    for label, truth in scored.truth.items():
        of_answers = truth[answers.event]
        wrong, right = (
            _one_per_event(answers, rows) for rows in _in_order(answers, of_answers, scored.classes[label], label)
        )
        mistakes = max(count - len(right), -(-count // 2))
        for row in [*wrong[:mistakes], *right][:count]:
            values = answers.probabilities[label][row]
            top = int(values.argmax())
            event_id = scored.ids[answers.event[row]]
            truth_name, predicted = (scored.classes[label][number] for number in (of_answers[row], top))
            confidence = float(values[top])
            found.append(Chosen(label, event_id, answers.paths[row], truth_name, predicted, top, confidence))
    return found


def explain(
    heat: Heat, preprocessing: Preprocessing, dataset: Dataset, split: str, chosen: list[Chosen]
) -> tuple[Explanation, ...]:
    """In the order of `chosen`."""
    wanted = {one.event_id for one in chosen}
    pictures = {
        (picture.pick.event.event_id, picture.path): picture.pixels
        for picture in split_pictures(dataset, split, preprocessing, 1, lambda _: None, wanted)
    }
    found = []
    for one in chosen:
        pixels = pictures[one.event_id, one.path]
        shown = overlay(pixels, heat(pixels, one.label, one.number))
        found.append(Explanation(one, np.concatenate([pixels, shown], axis=1)))
    return tuple(found)


def write_explanations(explanations: Explanations, folder: Path) -> None:
    """A PNG each in `folder`/explain, and explain.csv that lists them."""
    with whole_file(folder / FOLDER) as partial:
        partial.mkdir()
        with (partial / INDEX).open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow(_COLUMNS)
            for number, one in enumerate(explanations.all, 1):
                name, about = f"{number:03d}.png", one.chosen
                Image.fromarray(one.picture).save(partial / name)
                what = (about.label, about.event_id, about.path, about.truth, about.predicted)
                rows.writerow([name, *what, f"{about.confidence:.4f}"])


def _in_order(answers: Answers, truth: Numbers, classes: tuple[str, ...], label: str) -> tuple[Ints, Ints]:
    """Rows of wrong answers, the most confident first, and of right ones."""
    rows = np.flatnonzero(known(truth))
    probabilities = answers.probabilities[label][rows]
    top, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    is_right = top == truth[rows]
    wrong = np.flatnonzero(~is_right)
    right = np.random.default_rng(0).permutation(np.flatnonzero(is_right))
    blank = np.array([kind_of(name) == "blank" for name in classes])
    shown_last = np.argsort(blank[top[right]], kind="stable")
    return rows[wrong[np.argsort(-confidence[wrong], kind="stable")]], rows[right[shown_last]]


def _one_per_event(answers: Answers, rows: Ints) -> list[int]:
    _, first = np.unique(answers.event[rows], return_index=True)
    chosen: list[int] = rows[np.sort(first)].tolist()
    return chosen
