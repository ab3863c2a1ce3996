"""Review stores: a person's answer where there is one, the model's elsewhere."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from ctc.artifacts.review.events.photo_places import PhotoPlaces
from ctc.artifacts.review.records import ReviewEvent, ReviewPrediction
from ctc.artifacts.review.store import ReviewStore
from ctc.tagging.readers.tables import lineage_names
from ctc.tagging.records import Answer, Finding


def read_review(path: Path, image_root: str | None) -> Iterator[Finding]:
    """Yield every photo with the answers of its event, with its path below `image_root`, or below
    the root that the store remembers.

    The label of a person who was not sure has no answer. Raises CtcError if it can't be read.
    """
    # opened to write, SQLite leaves one file: read-only, it leaves two more beside it
    with ReviewStore.open(path, read_only=not os.access(path, os.W_OK)) as store:
        about = store.about()
        places = PhotoPlaces(image_root or about.photo_root, about.photo_prefix)
        for event in store.iter_events():
            answers = tuple(_answers(event))
            for photo in event.photos:
                yield Finding(places.location(photo.path), answers, photo.boxes)


def _answers(event: ReviewEvent) -> Iterator[Answer]:
    own = {} if event.answer is None else event.answer.labels
    for label, names in own.items():
        for name in names or ():
            lineage = _lineage(event.predictions.get(label), name)
            yield Answer(label, name, 1.0, lineage, by_person=True)
    for label, predicted in event.predictions.items():
        if label not in own:
            yield from _predicted(label, predicted)


def _predicted(label: str, predicted: ReviewPrediction) -> Iterator[Answer]:
    named: Mapping[str, float] = {one.name: one.probability for one in predicted.guesses}
    if not predicted.present:
        lineage = _lineage(predicted, predicted.answer)
        yield Answer(label, predicted.answer, predicted.confidence, lineage)
    for name in predicted.present or ():
        yield Answer(label, name, named.get(name, 1.0), _lineage(predicted, name))


def _lineage(predicted: ReviewPrediction | None, name: str) -> tuple[str, ...]:
    """Return the lineage of the model's answer, if that is the name."""
    if predicted is None or predicted.answer != name:
        return ()
    return lineage_names(predicted.columns.get("lineage"))
