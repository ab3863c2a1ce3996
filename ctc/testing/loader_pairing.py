"""Contract check: in training, images come with their own labels and event ids."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ctc.images.eval_samples import Sample
from ctc.plugin.loading import Batch
from ctc.testing.expect import expect
from ctc.testing.loader_under_test import LoaderUnderTest

_SAME = 0.5
"""Grey levels by which the distances to two equal photos may differ."""


def check_pairing(loader: LoaderUnderTest) -> None:
    """Check the labels and event ids of shuffled and augmented images.

    Each image is compared with all photos and their mirror images. Images with soft labels may be
    mixtures of photos, and are left out.
    """
    config = loader.mirrored_config
    samples = loader.expected_samples(config)
    for batch in loader.batches(config):
        if not batch.soft_labels:
            for row in range(len(batch.images)):
                _check_row(batch, row, samples)


def _check_row(batch: Batch, row: int, samples: Sequence[Sample]) -> None:
    image = np.asarray(batch.images[row])
    shown = _nearest(image, samples)
    labels = {name: np.asarray(values)[row].tolist() for name, values in batch.labels.items()}
    right = [one for one in shown if all(one.labels[name] == labels[name] for name in labels)]
    expect(
        bool(right),
        f"an augmented image of the event '{shown[0].event_id}' has the labels {labels}, which are "
        "those of another image",
    )
    event = batch.event_ids[row] if batch.event_ids else right[0].event_id
    expect(
        event in {one.event_id for one in right},
        f"an augmented image of the event '{right[0].event_id}' has the event id '{event}'",
    )


def _nearest(image: NDArray[np.uint8], samples: Sequence[Sample]) -> list[Sample]:
    """Return the samples that the image shows, the nearest first."""
    distances = [
        min(_distance(image, sample.image), _distance(image, sample.image[:, ::-1]))
        for sample in samples
    ]
    order = np.argsort(distances, kind="stable")
    limit = distances[order[0]] + _SAME
    return [samples[place] for place in order.tolist() if distances[place] <= limit]


def _distance(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    return float(np.abs(one.astype(np.int16) - other).mean())
