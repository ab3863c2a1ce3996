"""What the model looked at, as pictures inside the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2

from ctc.evaluation.answers.split_images import Pixels
from ctc.evaluation.explain.explain import Chosen, Explanations
from ctc.evaluation.html.thumbnails import MEGABYTE, data_uri

HEIGHT = 224
"""In pixels, at least: the picture of a small network is enlarged."""


@dataclass(frozen=True)
class ExplainedPhoto:
    """`uri`: photo and overlay side by side, a JPEG as data URI."""

    about: Chosen
    uri: str


ByLabel = Mapping[str, Sequence[ExplainedPhoto]]


def explained_photos(explanations: Explanations | None, megabytes: float) -> ByLabel:
    """By label, as many as fit into so many megabytes."""
    left = int(megabytes * MEGABYTE)
    found: dict[str, list[ExplainedPhoto]] = {}
    for one in explanations.all if explanations else ():
        uri = data_uri(_enlarged(one.picture))
        if len(uri) <= left:
            left -= len(uri)
            found.setdefault(one.chosen.label, []).append(ExplainedPhoto(one.chosen, uri))
    return found


def megabytes_of(photos: ByLabel) -> float:
    return sum(len(photo.uri) for of_label in photos.values() for photo in of_label) / MEGABYTE


def _enlarged(picture: Pixels) -> Pixels:
    times = max(1, -(-HEIGHT // picture.shape[0]))
    return cv2.resize(picture, None, fx=times, fy=times, interpolation=cv2.INTER_CUBIC) if times > 1 else picture
