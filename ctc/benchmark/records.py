"""Configuration, measurements and results of a benchmark."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ctc.plugin import Augmentation, LoaderConfig

LIMIT = "limit: scaled decode"
BASELINE = "tfdata"


@dataclass(frozen=True)
class BenchmarkConfig:
    """Settings that all contenders share.

    `height`, `width`: output size in pixels; `threads`: threads or worker processes.
    """

    dataset: str
    split: str
    height: int = 224
    width: int = 224
    batch_size: int = 64
    threads: int = 2
    seed: int = 0

    def loader_config(self, labels: tuple[str, ...]) -> LoaderConfig:
        """Return the configuration of a loader for training, with default augmentation."""
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
        """Return the fields as a JSON object."""
        return asdict(self)


@dataclass(frozen=True)
class Measurement:
    """One turn of a contender.

    `seconds`: wall-clock time; `cpu_seconds`: processor time of all its threads and processes.
    """

    images: int
    seconds: float
    cpu_seconds: float
    peak_mb: float


@dataclass(frozen=True)
class BenchmarkResult:
    """Medians over the turns of a contender; None where not measured, for the reason in `note`.

    `images_per_second_cold`: right after the files were dropped from the page cache. `to_tfdata`,
    `to_limit`: ratios of images per second.
    """

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
        """Return the fields as a JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> BenchmarkResult:
        """Return the result that `to_json` described."""
        return cls(**values)
