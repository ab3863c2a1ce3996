"""The features of the photos whose neighbors are wanted: from the embeddings file, or a network."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctc.detection.detector import DetectionConfig
from ctc.errors import InputError, UsageError
from ctc.features.embed.animals import EmbedAnimalsTask
from ctc.features.embed.results import EventFeatures, PhotoAnimals, PhotoFeatures
from ctc.features.embed.task import EmbedTask
from ctc.features.photo_rows import PhotoRows
from ctc.features.store import (
    DETECTOR,
    DETECTOR_DIGEST,
    MAX_IOU,
    MIN_CONFIDENCE,
    PATH,
    Embeddings,
    to_unit,
)
from ctc.inference.detection import DetectionTask
from ctc.inference.events.given_photos import given_events
from ctc.inference.pipeline.pipeline import PipelineConfig, run_pipeline
from ctc.inference.task import PhotoTask
from ctc.reporting import counted
from ctc.runtime.config import DEFAULT_RUNTIME, RuntimeConfig
from ctc.runtime.model_bytes import read_model
from ctc.storage.urls import redact_urls

Floats = NDArray[np.float32]
_NUMBERED = re.compile(r"(.+)#([1-9]\d*)", re.DOTALL)


@dataclass(frozen=True)
class NeighborConfig:
    """The options of `ctc neighbors`.

    `photos`: paths in the embeddings file, or photo files where there is a `model`, the one that
    made the embeddings. Of animals that a `detector` found a path means the surest, 'PATH#2' the
    second. `count`: neighbors of each. `other_events`: whether to pass over the photos of the
    photo's own event.
    """

    embeddings: Path
    photos: tuple[str, ...]
    model: Path | None = None
    detector: Path | None = None
    count: int = 10
    other_events: bool = False
    runtime: RuntimeConfig = DEFAULT_RUNTIME


def own_rows(config: NeighborConfig, embeddings: Embeddings) -> list[int | None]:
    """Return the row of each photo, None for one that is to be embedded.

    Raises UsageError for a photo that is not there, and without a model to embed it.
    """
    import pyarrow.compute as pc

    paths = embeddings.table[PATH]
    places = [pc.index(paths, redact_urls(photo)).as_py() for photo in config.photos]
    rows: list[int | None] = list(places)
    if -1 in places and len(embeddings):  # perhaps as another path
        known = PhotoRows(embeddings)
        rows = [_find(photo, known, embeddings) for photo in config.photos]
    elif -1 in places:
        rows = [None] * len(places)
    missing = [photo for photo, row in zip(config.photos, rows, strict=True) if row is None]
    if missing and config.model is None:
        raise _not_there(missing[0], embeddings)
    return rows


def _find(photo: str, known: PhotoRows, embeddings: Embeddings) -> int | None:
    """Return the row of a photo or of one of its animals, None if the photo has none."""
    row = known.find(photo)
    numbered = _NUMBERED.fullmatch(photo)
    if row is not None or numbered is None or not embeddings.has_boxes:
        return row
    first = known.find(numbered[1])
    if first is None:
        return None
    paths, wanted = embeddings.table[PATH], first + int(numbered[2]) - 1
    if wanted < len(paths) and paths[wanted] == paths[first]:
        return wanted
    raise UsageError(f"'{numbered[1]}' has fewer than {numbered[2]} animals: give a lower number")


def _not_there(photo: str, embeddings: Embeddings) -> UsageError:
    example = embeddings.table[PATH][0].as_py() if len(embeddings) else ""
    files = "--model, the file" if not embeddings.has_boxes else "--model and --detector, the files"
    lost = " or no animal was found in it:" if embeddings.has_boxes else ":"
    return UsageError(
        f"'{photo}' is not in '{embeddings.path}', which has photos such as '{example}'{lost}"
        f" add {files} that made the embeddings, to embed it"
    )


def query_features(
    config: NeighborConfig, embeddings: Embeddings, rows: Sequence[int | None]
) -> Floats:
    """Return the unit features of the photos, (photos, size); raises CtcError."""
    queries = np.zeros((len(rows), embeddings.feature_size), np.float32)
    inside = [(number, row) for number, row in enumerate(rows) if row is not None]
    if inside:
        numbers, wanted = zip(*inside, strict=True)
        queries[list(numbers)] = embeddings.take(wanted)
    outside = [number for number, row in enumerate(rows) if row is None]
    if outside and config.model:
        photos = [config.photos[number] for number in outside]
        queries[outside] = np.stack(list(_embed(config.model, photos, config, embeddings)))
    return to_unit(queries)


def _embed(
    path: Path, photos: Sequence[str], config: NeighborConfig, embeddings: Embeddings
) -> Iterator[Floats]:
    """Yield the features of photos, or of an animal of each; raises CtcError for a bad photo."""
    file = read_model(path)
    if file.digest != embeddings.model_digest:
        raise UsageError(
            f"'{path}' is not the model that made '{embeddings.path}',"
            f" '{embeddings.about.get('model')}': their features can't be compared"
        )
    numbered = [_split(photo, embeddings) for photo in photos]
    model = _task(config, embeddings, photos[0]).open(file, config.runtime)
    events = given_events([photo for photo, _ in numbered])
    results = run_pipeline(model, events, PipelineConfig(model.network.runtime))
    for (_, number), result in zip(numbered, results, strict=True):
        if result.prediction is None:
            failure = result.failures[0]
            raise InputError(f"'{failure.path}' can't be used: {failure.reason}")
        (photo,) = result.prediction.images
        yield photo.features if isinstance(photo, PhotoFeatures) else _animal(photo, number)


def _split(photo: str, embeddings: Embeddings) -> tuple[str, int]:
    """Return the path of a photo and the number of the animal that is meant, from 1."""
    numbered = _NUMBERED.fullmatch(photo) if embeddings.has_boxes else None
    if numbered is None or Path(photo).exists():
        return photo, 1
    return numbered[1], int(numbered[2])


def _animal(photo: PhotoAnimals, number: int) -> Floats:
    if len(photo.animals) < number:
        found = counted(len(photo.animals), "animal") if photo.animals else "no animal"
        raise InputError(f"'{photo.path}' has {found}: there is no number {number}")
    return photo.animals[number - 1].features


def _task(
    config: NeighborConfig, embeddings: Embeddings, photo: str
) -> PhotoTask[Any, EventFeatures]:
    """Return what embeds a photo as those of the file were; raises UsageError."""
    name, detector = embeddings.about.get(DETECTOR), config.detector
    if detector is None:
        if embeddings.has_boxes:
            raise UsageError(
                f"'{embeddings.path}' holds animals that '{name}' found: add --detector, that file,"
                f" to find those in '{photo}'"
            )
        return EmbedTask(None)
    if not embeddings.has_boxes:
        raise UsageError(f"'{embeddings.path}' holds whole photos: leave --detector out")
    if read_model(detector).digest != embeddings.about.get(DETECTOR_DIGEST):
        raise UsageError(
            f"'{detector}' is not the detector that found the animals of '{embeddings.path}',"
            f" '{name}': give that one"
        )
    limits = (embeddings.about.get(key) for key in (MIN_CONFIDENCE, MAX_IOU))
    return EmbedAnimalsTask(detector, DetectionTask(DetectionConfig(*limits)))
