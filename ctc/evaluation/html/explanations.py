"""Saliency maps as images inside the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2

from ctc.evaluation.explain.explain import Example, Explanations
from ctc.evaluation.html.thumbnails import MEGABYTE, data_uri
from ctc.images.decode import Pixels

MIN_HEIGHT = 224
"""Minimum height in pixels: smaller model inputs are enlarged."""


@dataclass(frozen=True)
class ExplainedPhoto:
    """A saliency map; `uri` is a JPEG of photo and overlay, as data URI."""

    example: Example
    uri: str


PhotosByLabel = Mapping[str, Sequence[ExplainedPhoto]]


def explained_photos(explanations: Explanations | None, megabytes: float) -> PhotosByLabel:
    """Return saliency maps by label, as many as fit into `megabytes`."""
    budget = int(megabytes * MEGABYTE)
    found: dict[str, list[ExplainedPhoto]] = {}
    for one in explanations.all if explanations else ():
        uri = data_uri(_enlarge(one.image))
        if len(uri) <= budget:
            budget -= len(uri)
            found.setdefault(one.example.label, []).append(ExplainedPhoto(one.example, uri))
    return found


def total_megabytes(photos: PhotosByLabel) -> float:
    """Return the size of all saliency maps in the page."""
    return sum(len(photo.uri) for group in photos.values() for photo in group) / MEGABYTE


def _enlarge(image: Pixels) -> Pixels:
    factor = max(1, -(-MIN_HEIGHT // image.shape[0]))
    return (
        cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
        if factor > 1
        else image
    )
