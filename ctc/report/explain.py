"""Pictures of what the model looked at: the most confident mistakes, then the right answers that it was least sure of."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from ctc.artifacts.atomic import whole_file
from ctc.artifacts.dataset import Dataset
from ctc.artifacts.model_file import ModelInfo
from ctc.report.occlusion import occlusion_map, overlay
from ctc.report.scored import Answers, Numbers, Scored, known
from ctc.report.scoring import Answer
from ctc.report.split_pictures import Pixels, split_pictures

FOLDER, INDEX = "explain", "explain.csv"
_COLUMNS = ("file", "label", "event_id", "path", "truth", "predicted", "confidence")


@dataclass(frozen=True)
class Chosen:
    """A picture to explain: which answer for which label."""

    label: str
    event_id: str
    path: str
    truth: str
    predicted: int
    confidence: float


def choose(scored: Scored, count: int) -> list[Chosen]:
    """For each label that has a truth, up to `count` pictures."""
    answers = scored.photos or scored.events
    found = []
    for label, truth in scored.truth.items():
        of_answers = truth[answers.event]
        for row in _worst_first(answers, of_answers, label)[:count]:
            values = answers.probabilities[label][row]
            top = int(values.argmax())
            event_id = scored.ids[answers.event[row]]
            name = scored.classes[label][of_answers[row]]
            found.append(Chosen(label, event_id, answers.paths[row], name, top, float(values[top])))
    return found


def write_explanations(
    answer: Answer, info: ModelInfo, dataset: Dataset, split: str, chosen: list[Chosen], folder: Path
) -> None:
    """A PNG each in `folder`/explain, the photo beside what counts in it, and explain.csv that lists them."""
    wanted = {one.event_id for one in chosen}
    pictures = {
        (picture.pick.event.event_id, picture.path): picture.pixels
        for picture in split_pictures(dataset, split, info.preprocessing, 1, lambda _: None, wanted)
    }
    with whole_file(folder / FOLDER) as partial:
        partial.mkdir()
        with (partial / INDEX).open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow(_COLUMNS)
            for number, one in enumerate(chosen, 1):
                pixels = pictures[one.event_id, one.path]
                falls = occlusion_map(answer, pixels, one.label, one.predicted)
                name = f"{number:03d}.png"
                _beside(pixels, overlay(pixels, falls)).save(partial / name)
                predicted = info.labels[one.label][one.predicted]
                rows.writerow([name, one.label, one.event_id, one.path, one.truth, predicted, f"{one.confidence:.4f}"])


def _worst_first(answers: Answers, truth: Numbers, label: str) -> list[int]:
    probabilities = answers.probabilities[label]
    rows = np.flatnonzero(known(truth))
    confidence = probabilities[rows].max(axis=1)
    wrong = probabilities[rows].argmax(axis=1) != truth[rows]
    # mistakes come first, from the most confident on; right answers after them, from the least confident on
    order = np.lexsort((np.where(wrong, -confidence, confidence), ~wrong))
    chosen: list[int] = rows[order].tolist()
    return chosen


def _beside(left: Pixels, right: Pixels) -> Image.Image:
    return Image.fromarray(np.concatenate([left, right], axis=1))
