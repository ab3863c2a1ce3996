"""A preview of augmentation: one row per photo, first unchanged, then as in successive epochs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ctc.artifacts.dataset import Dataset
from ctc.plugin import NO_AUGMENTATION, Loader, LoaderConfig

GAP = 4
HEADER = 24
_BACKGROUND, _TEXT_COLOR = (255, 255, 255), (40, 40, 40)


def render_preview(
    dataset: Dataset, split: str, loader: Loader, config: LoaderConfig, columns: int
) -> Image.Image:
    """Draw a grid of `config.batch_size` rows and 1 + `columns` columns of the loader's images.

    There are fewer rows if the split has fewer events.
    """
    size = min(config.batch_size, dataset.event_count(split))
    config = replace(config, batch_size=size, shuffle=False, labels=(), drop_remainder=False)
    plain = _first_batches(dataset, split, loader, replace(config, augmentation=NO_AUGMENTATION), 1)
    varied = _first_batches(dataset, split, loader, config, columns)
    return _draw_grid(
        [*plain, *varied], ["as it is", *(f"epoch {number + 1}" for number in range(columns))]
    )


def _first_batches(
    dataset: Dataset, split: str, loader: Loader, config: LoaderConfig, epochs: int
) -> Iterator[NDArray[np.uint8]]:
    """Yield the first batch of each epoch, uint8 (N, height, width, 3)."""
    with closing(loader.open(dataset, split, config)) as stream:
        for index in range(epochs):
            batch = next(iter(stream.epoch(index)))
            yield np.array(batch.images)


def _draw_grid(columns: list[NDArray[np.uint8]], titles: list[str]) -> Image.Image:
    rows, height, width, _ = columns[0].shape
    picture = Image.new(
        "RGB", (len(columns) * (width + GAP) + GAP, HEADER + rows * (height + GAP)), _BACKGROUND
    )
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(14)
    for x, (images, title) in enumerate(zip(columns, titles, strict=True)):
        left = GAP + x * (width + GAP)
        draw.text((left, 3), title, _TEXT_COLOR, font)
        for y, image in enumerate(images):
            picture.paste(Image.fromarray(image), (left, HEADER + y * (height + GAP)))
    return picture
