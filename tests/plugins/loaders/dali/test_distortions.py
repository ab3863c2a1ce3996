"""RandAugment and random erasing by DALI, with operators of the CPU and of GPUs, beside turbo's."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from ctc.artifacts.event_record import EventRecord
from ctc.images import encode_jpeg
from ctc.plugin import NO_AUGMENTATION, Augmentation, LoaderConfig
from ctc_plugins.loaders.common.augment import ViewParams
from ctc_plugins.loaders.dali.device import DaliDevice, available
from ctc_plugins.loaders.dali.geometry import crop_geometry
from ctc_plugins.loaders.dali.loader import DaliTrainingStream
from ctc_plugins.loaders.turbo.loader import open_split

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(available() is not None, reason=str(available())),
]

AUGMENTATIONS = {
    "randaugment": replace(NO_AUGMENTATION, randaugment=2, randaugment_magnitude=9.0),
    "randaugment after colours": Augmentation(randaugment=3, randaugment_magnitude=9.0),
    "erasing": replace(NO_AUGMENTATION, random_erasing=1.0),
    "all": Augmentation(randaugment=2, random_erasing=0.5),
}


def _event(number: int) -> EventRecord:
    """A smooth photo of all colours, as their histograms are compared too."""
    coarse = np.random.default_rng(number).integers(0, 256, (6, 8, 3), np.uint8)
    jpeg = encode_jpeg(cv2.resize(coarse, (160, 120)), 95)
    return EventRecord(str(number), (jpeg,), ((120, 160),), {}, ("a.jpg",), {})


@pytest.mark.parametrize("device", [DaliDevice(), DaliDevice(is_portable=True)], ids=str)
@pytest.mark.parametrize("augmentation", AUGMENTATIONS.values(), ids=AUGMENTATIONS)
@pytest.mark.parametrize("choice", ["random", "grayscale_stacking"])
def test_images_are_those_of_turbo(dataset_of, device, augmentation, choice) -> None:
    """Their decoders differ by a grey level or two; a missing operation differs by far more."""
    dataset = dataset_of({"train": [_event(number) for number in range(24)]}, {})
    if choice == "grayscale_stacking":
        augmentation = replace(augmentation, color="none")
    config = LoaderConfig(
        48, 64, (), batch_size=24, image_choice=choice, augmentation=augmentation, seed=5
    )
    (expected,) = open_split(dataset, "train", config).epoch(0)
    stream = DaliTrainingStream(dataset, "train", config, augmentation, device)
    (batch,) = stream.epoch(0)
    stream.close()
    difference = np.abs(np.asarray(batch.images).astype(int) - expected.images)
    assert difference.mean() < 2
    assert np.median(difference) <= 1
    assert difference.mean(axis=(1, 2, 3)).max() < 8


def test_crop_geometry_of_an_image_beside_the_photo_decodes_a_piece() -> None:
    away = np.eye(3)
    away[0, 2] = 500.0
    view = ViewParams(0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 1.0, away)
    found = crop_geometry(view, (90, 120), (30, 40), preserve_aspect=False, snap_to_pixels=False)
    assert found.shape[0] > 0
    assert found.shape[1] > 0
    assert found.start[0] + found.shape[0] <= 90
    assert found.start[1] + found.shape[1] <= 120
