"""What the model looked at, as pictures inside the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2

from ctc.evaluation.answers.split_images import Pixels
from ctc.evaluation.explain.explain import Example, Explanations
from ctc.evaluation.html.thumbnails import MEGABYTE, data_uri

MIN_HEIGHT = 224
"""In pixels, at least: the picture of a small network is enlarged."""


@dataclass(frozen=True)
class ExplainedPhoto:
    """`uri`: photo and overlay side by side, a JPEG as data URI."""

    example: Example
    uri: str


PhotosByLabel = Mapping[str, Sequence[ExplainedPhoto]]


def explained_photos(explanations: Explanations | None, megabytes: float) -> PhotosByLabel:
    """By label, as many as fit into so many megabytes."""
    left = int(megabytes * MEGABYTE)
    found: dict[str, list[ExplainedPhoto]] = {}
    for one in explanations.all if explanations else ():
        uri = data_uri(_enlarge(one.image))
        if len(uri) <= left:
            left -= len(uri)
            found.setdefault(one.example.label, []).append(ExplainedPhoto(one.example, uri))
    return found


def total_megabytes(photos: PhotosByLabel) -> float:
    return sum(len(photo.uri) for of_label in photos.values() for photo in of_label) / MEGABYTE


def _enlarge(image: Pixels) -> Pixels:
    times = max(1, -(-MIN_HEIGHT // image.shape[0]))
    return (
        cv2.resize(image, None, fx=times, fy=times, interpolation=cv2.INTER_CUBIC)
        if times > 1
        else image
    )
