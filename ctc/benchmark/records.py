"""What a benchmark is told and what it finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ctc.plugin import Augmentation, LoaderConfig

LIMIT = "limit: scaled decode"
BASELINE = "tfdata"


@dataclass(frozen=True)
class BenchmarkConfig:
    """The same for every subject: records, output size in pixels, images per batch, threads (or
    worker processes)."""

    dataset: str
    split: str
    height: int = 224
    width: int = 224
    batch_size: int = 64
    threads: int = 2
    seed: int = 0

    def loader_config(self, labels: tuple[str, ...]) -> LoaderConfig:
        """For training, with the default augmentation."""
        return LoaderConfig(
            height=self.height,
            width=self.width,
            labels=labels,
            batch_size=self.batch_size,
            augmentation=Augmentation(),
            seed=self.seed,
            threads=self.threads,
            drop_remainder=True,
        )

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Measurement:
    """One turn of a subject: images delivered, seconds by the clock, and of processor time in all
    its threads and processes."""

    images: int
    seconds: float
    cpu_seconds: float
    peak_mb: float


@dataclass(frozen=True)
class BenchmarkResult:
    """A subject's medians over its laps; None where it was not measured, and then `note` says why.
    `images_per_second_cold`: the first seconds after the files were dropped from the memory of the
    system. `to_tfdata`, `to_limit`: ratios of images per second."""

    name: str
    images_per_second: float | None = None
    images_per_second_per_core: float | None = None
    cpu_seconds_per_1000_images: float | None = None
    images_per_second_cold: float | None = None
    peak_mb: float | None = None
    to_tfdata: float | None = None
    to_limit: float | None = None
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> BenchmarkResult:
        return cls(**values)
