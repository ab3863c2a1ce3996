"""Label columns: multi-label rows next to labels with one class."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest

from ctc.artifacts.event_record import EventRecord
from ctc.errors import UsageError
from ctc.images import encode_jpeg
from ctc.plugin import NO_AUGMENTATION, LoaderConfig

CLASSES = {"species": ("boar", "deer", "fox"), "count": ("1", "2+")}
CONFIG = LoaderConfig(
    16,
    16,
    ("count", "species"),
    batch_size=4,
    image_choice="first",
    augmentation=NO_AUGMENTATION,
    shuffle=False,
)


def event(
    number: int, species: tuple[int, ...], count: tuple[int, ...] | None = None
) -> EventRecord:
    jpeg = encode_jpeg(np.full((16, 16, 3), 10 * number, np.uint8), 90)
    labels = {"species": species, "count": count or (0,) * len(species)}
    return EventRecord(f"e{number}", (jpeg,), ((16, 16),), labels, (f"{number}.jpg",), {})


@pytest.mark.parametrize("augmentation", [None, NO_AUGMENTATION])
def test_label_columns_multi_hot_rows(loader, dataset_of, augmentation) -> None:
    events = [
        event(0, (2, 0), (1, -1)),
        event(1, (1, 1)),
        event(2, (-1, -1)),
        event(3, (-1, 2), (-1, 0)),
    ]
    dataset = dataset_of({"train": events}, CLASSES)
    config = replace(CONFIG, augmentation=augmentation, multi_label=("species",))
    with closing(loader(dataset, "train", config)) as stream:
        (batch,) = stream.epoch(0)
    assert batch.labels["species"].tolist() == [[1, 0, 1], [0, 1, 0], [-1, -1, -1], [0, 0, 1]]
    assert batch.labels["count"].tolist() == [1, 0, 0, -1]


def test_multi_label_must_be_among_labels(loader, tiny_dataset) -> None:
    with pytest.raises(
        UsageError, match=r"'specis' can't be multi-label: .*did you mean 'species'"
    ):
        loader(tiny_dataset(), "train", replace(CONFIG, multi_label=("specis",)))
