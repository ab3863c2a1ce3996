"""A few photos of a split as network inputs, to compare a written model with the fit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.dataset import TEST, TRAIN, VALIDATION, Dataset
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.errors import InputError
from ctc.images.eval_samples import preprocess, read_events, record_table, select_photos

PHOTOS = 64


def held_out_photos(
    dataset: Dataset, preprocessing: Preprocessing
) -> tuple[str, NDArray[np.uint8]]:
    """Return a split and up to PHOTOS of its photos, uint8 (N, height, width, 3).

    The photos are from all over the split, the first of each event. Raises InputError if no split
    has one that can be used.
    """
    for split in (TEST, VALIDATION, TRAIN):
        if split not in dataset.manifest.splits:
            continue
        table = record_table(dataset, split)
        rows = table[:: max(1, len(table) // PHOTOS)][:PHOTOS]
        images = []
        for where, event in read_events(dataset, split, rows, lambda _: None):
            selection = next(select_photos([(where, event)], preprocessing))
            try:
                images.append(preprocess(selection, preprocessing, ()).image)
            except InputError:
                continue  # it is counted where the features are computed
        if images:
            return split, np.stack(images)
    raise InputError(f"'{dataset.display_path}' has no usable photo")
