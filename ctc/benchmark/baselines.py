"""Common alternatives on the same records: PyTorch's DataLoader, and DALI's plain operators.

They do a little less than the loaders: no rotation in the first, no missing labels in either.
"""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.event_record import EventRecord
from ctc.benchmark.records import BenchmarkConfig
from ctc.images.eval_samples import read_record_bytes, record_table


@dataclass(frozen=True)
class ExternalLoader:
    """A loader of another library, which needs `packages`."""

    packages: tuple[str, ...]
    open_stream: Callable[[Dataset, BenchmarkConfig], Iterator[int]]

    def unavailable_reason(self) -> str | None:
        """Return None, or which packages are missing."""
        missing = [
            package for package in self.packages if importlib.util.find_spec(package) is None
        ]
        return f"needs {' and '.join(missing)}, not installed" if missing else None


def pytorch_stream(dataset: Dataset, config: BenchmarkConfig) -> Iterator[int]:
    """Yield batch sizes of PyTorch's DataLoader.

    Its worker processes decode, crop, resize, flip and jitter colours with Pillow, as torchvision.
    """
    from torch.utils.data import DataLoader

    photos = PillowPhotos(dataset, config)
    loader: Any = DataLoader(
        photos,
        batch_size=config.batch_size,
        shuffle=True,
        num_workers=config.threads,
        drop_last=True,
        persistent_workers=True,
        collate_fn=_collate,
    )
    while True:
        for images in loader:
            yield len(images)


class PillowPhotos:
    """A map-style dataset for PyTorch: uint8 arrays (height, width, 3)."""

    def __init__(self, dataset: Dataset, config: BenchmarkConfig) -> None:
        self._dataset, self._config = dataset, config
        self._table = record_table(dataset, config.split)

    def __len__(self) -> int:
        return len(self._table)

    def __getitem__(self, number: int) -> np.ndarray[Any, Any]:
        from PIL import Image, ImageEnhance

        rng = np.random.default_rng()
        config = self._config
        record = EventRecord.decode(
            read_record_bytes(self._dataset, config.split, self._table[number])
        )
        image = Image.open(io.BytesIO(record.jpegs[rng.integers(len(record.jpegs))])).convert("RGB")
        left, top, right, bottom = rng.uniform(0, 0.1, 4)
        box = (
            left * image.width,
            top * image.height,
            (1 - right) * image.width,
            (1 - bottom) * image.height,
        )
        photo: Image.Image = image.resize(
            (config.width, config.height), Image.Resampling.BILINEAR, box
        )
        if rng.random() < 0.5:
            photo = photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        for enhance in (ImageEnhance.Brightness, ImageEnhance.Color, ImageEnhance.Contrast):
            photo = enhance(photo).enhance(rng.uniform(0.8, 1.2))
        return np.asarray(photo)


def dali_operators_stream(dataset: Dataset, config: BenchmarkConfig) -> Iterator[int]:
    """Yield batch sizes of DALI on the CPU, as in its examples.

    Decode, random crop, resize, colour twist, rotate, flip.
    """
    from nvidia.dali import fn, pipeline_def, types

    shards = dataset.shards(config.split)

    operation: Any = fn

    @pipeline_def(  # type: ignore[untyped-decorator]
        batch_size=config.batch_size,
        num_threads=config.threads,
        device_id=None,
        seed=config.seed,
        prefetch_queue_depth=2,
    )
    def operators() -> Any:
        from nvidia.dali import tfrecord as tfr

        record = operation.readers.tfrecord(
            path=[str(dataset.folder / shard.file) for shard in shards],
            index_path=[str(dataset.folder / shard.index_file) for shard in shards],
            features={
                "image/encoded": tfr.FixedLenFeature([], tfr.string, ""),
                "image/sizes": tfr.VarLenFeature(tfr.int64, 0),
            },
            random_shuffle=True,
        )
        size = record["image/sizes"][0]
        jpeg = operation.slice(record["image/encoded"], 0 * size, size, axes=[0])
        images = operation.decoders.image(jpeg, device="cpu", output_type=types.RGB)
        images = operation.random_resized_crop(
            images, size=(config.height, config.width), random_area=(0.8, 1.0)
        )
        images = operation.color_twist(
            images,
            brightness=operation.random.uniform(range=(0.8, 1.2)),
            saturation=operation.random.uniform(range=(0.8, 1.2)),
            contrast=operation.random.uniform(range=(0.9, 1.3)),
            hue=operation.random.uniform(range=(-18.0, 18.0)),
        )
        images = operation.rotate(
            images, angle=operation.random.uniform(range=(-5.0, 5.0)), keep_size=True, fill_value=0
        )
        return operation.flip(images, horizontal=operation.random.coin_flip())

    pipeline = operators()
    while True:
        yield len(pipeline.run()[0].as_array())


def _collate(images: list[Any]) -> Any:
    import torch

    return torch.from_numpy(np.stack(images))


EXTERNAL_LOADERS = {
    "PyTorch DataLoader + Pillow": ExternalLoader(("torch",), pytorch_stream),
    "DALI CPU, plain operators": ExternalLoader(("nvidia.dali",), dali_operators_stream),
}
