"""Batches of the loader `turbo` are those that earlier versions made, bit for bit.

`digests.json` holds SHA-256 of the images and labels of an epoch. Pixels depend on libjpeg-turbo,
OpenCV and the processor too: where these make other pixels of a fixed photo, nothing can be said.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import simplejpeg

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.event_record import EventRecord
from ctc.plugin import NO_AUGMENTATION, Augmentation, LoaderConfig, SamplingWeights
from ctc_plugins.loaders.turbo.loader import open_split

DIGESTS = Path(__file__).with_name("digests.json")
CLASSES = {"species": ("cat", "dog", "owl"), "count": ("1", "2")}
SIZES = ((240, 320), (375, 500), (301, 203), (64, 64), (37, 91), (500, 669))
CONFIG = LoaderConfig(
    112, 96, ("species", "count"), batch_size=5, augmentation=Augmentation(), seed=3
)
CONFIGS = {
    "default": CONFIG,
    "wide": replace(CONFIG, height=64, width=160),
    "small": replace(CONFIG, height=32, width=32),
    "larger than the photos": replace(CONFIG, height=384, width=512, batch_size=7),
    "224": replace(CONFIG, height=224, width=224, threads=3),
    "second seed": replace(CONFIG, seed=2**40),
    "in order": replace(CONFIG, shuffle=False, drop_remainder=True),
    "second of two readers": replace(CONFIG, shard=(1, 2)),
    "random observation": replace(CONFIG, observation="random"),
    "several classes": replace(CONFIG, multi_label=("species",)),
    "weights": replace(CONFIG, draw_weights=SamplingWeights("species", (1.0, 4.0, 2.0))),
    "one label": replace(CONFIG, labels=("count",), image_choice="first"),
    "fit-crop": replace(CONFIG, resize="fit-crop"),
    **{choice: replace(CONFIG, image_choice=choice) for choice in ("first", "all")},  # type: ignore[arg-type]
    **{
        f"stacked, {resize}": replace(CONFIG, image_choice="grayscale_stacking", resize=resize)  # type: ignore[arg-type]
        for resize in ("stretch", "fit-crop")
    },
    **{
        f"colour {color}": replace(CONFIG, augmentation=Augmentation(color=color))  # type: ignore[arg-type]
        for color in ("none", "little", "full_fast")
    },
    "aspect": replace(CONFIG, augmentation=Augmentation(preserve_aspect=True)),
    "far": replace(CONFIG, augmentation=Augmentation(crop=0.5, zoom=0.5, rotate=180.0)),
    "flip": replace(CONFIG, augmentation=replace(NO_AUGMENTATION, flip=True)),
    "colour alone": replace(CONFIG, augmentation=replace(NO_AUGMENTATION, color="full_fast")),
    "nothing": replace(CONFIG, augmentation=NO_AUGMENTATION),
    "nothing, fit-crop": replace(CONFIG, augmentation=NO_AUGMENTATION, resize="fit-crop"),
    "nothing, stacked": replace(
        CONFIG, augmentation=NO_AUGMENTATION, image_choice="grayscale_stacking"
    ),
}


def scene(size: tuple[int, int], seed: int) -> np.ndarray:
    """Return a made-up photo, smooth with some noise."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (5, 7, 3), np.uint8)
    smooth = cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_LINEAR).astype(np.int16)
    return np.clip(smooth + rng.integers(-9, 10, (*size, 1)), 0, 255).astype(np.uint8)


def jpeg(seed: int) -> bytes:
    photo = scene(SIZES[seed % len(SIZES)], seed)
    if seed % 5 == 4:
        grey = np.ascontiguousarray(photo[:, :, :1])
        return bytes(simplejpeg.encode_jpeg(grey, 90, "GRAY", "Gray"))
    return bytes(simplejpeg.encode_jpeg(photo, 90, "RGB", "444" if seed % 7 == 3 else "420"))


def event(number: int) -> EventRecord:
    photos = tuple(jpeg(number) for _ in range(1)) + tuple(
        jpeg(number + len(SIZES) * more) for more in range(1, 1 + number % 4)
    )
    labels = {
        "species": tuple((number + more) % 4 - 1 for more in range(1 + number % 3)),
        "count": tuple((number + more) % 2 for more in range(1 + number % 2)),
    }
    sizes = (SIZES[number % len(SIZES)],) * len(photos)
    return EventRecord(str(number), photos, sizes, labels, ("a.jpg",) * len(photos), {})


def events() -> dict[str, list[EventRecord]]:
    return {"train": [event(number) for number in range(23)]}


def digest(dataset: Dataset, config: LoaderConfig) -> str:
    """Return the SHA-256 of epoch 2 from its step 1 on: images and labels."""
    found = hashlib.sha256()
    stream = open_split(dataset, "train", config)
    for batch in stream.epoch(2, 1):
        found.update(batch.images.tobytes())
        for name in config.labels:
            found.update(batch.labels[name].tobytes())
    stream.close()
    return found.hexdigest()


def probe() -> str:
    """Return a digest of what the libraries alone make of a photo."""
    found = hashlib.sha256(jpeg(1))
    turn = cv2.getRotationMatrix2D((150.0, 120.0), 4.0, 1.1)
    for halved in (0, 1):
        for space in ("RGB", "RGBX", "GRAY"):
            height, width = (side + halved >> halved for side in SIZES[1])
            photo = simplejpeg.decode_jpeg(jpeg(1), space, True, True, height, width)
            found.update(cv2.warpAffine(photo, turn, (96, 112), flags=cv2.INTER_LINEAR).tobytes())
            found.update(cv2.resize(photo, (96, 112), interpolation=cv2.INTER_AREA).tobytes())
            found.update(cv2.resize(photo, (196, 212), interpolation=cv2.INTER_LINEAR).tobytes())
    matrix = np.array([[0.9, 0.2, -0.1, 3.3], [0.1, 1.1, 0.0, -8.7], [0, 0.3, 0.8, 1]], np.float32)
    found.update(cv2.transform(scene((96, 112), 1), matrix).tobytes())
    return found.hexdigest()


@pytest.mark.parametrize("name", CONFIGS)
def test_batches_are_bit_identical_to_earlier_versions(dataset_of, name) -> None:
    expected = json.loads(DIGESTS.read_text())
    if probe() != expected["probe"]:
        pytest.skip("the libraries or the processor make other pixels than where digests were made")
    assert digest(dataset_of(events(), CLASSES, shards=2), CONFIGS[name]) == expected[name]
