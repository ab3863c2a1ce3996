"""What whoever runs `ctc serve` can choose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ctc.inference.pipeline.inputs import Truncated
from ctc.plugin import Aggregation
from ctc.runtime.providers import Engine, Precision, ProviderName

MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Limits:
    """What a stranger can ask for. `body`: bytes of one request; `held`: of all requests together. `photos` of one request and `pixels`
    of one photo. `queue`: photos that may wait or be worked on. `seconds` that a request may take to arrive, and again to be
    answered; `grace`: that requests under way get when the server is stopped."""

    body: int = 64 * MEGABYTE
    held: int = 512 * MEGABYTE
    photos: int = 128
    pixels: int = 100_000_000
    queue: int = 256
    seconds: float = 60.0
    grace: float = 30.0


@dataclass(frozen=True)
class ServeConfig:
    """`models`: file by name. `batch_size` None: measured. `wait`: seconds that a photo may wait for others to share its batch.
    `threads`: CPU cores to use. `reload`: seconds between two looks at the model files; 0 for none. `token`: what requests must bear, if
    anything. `threshold`, `class_list`: see `reading_of`."""

    models: Mapping[str, Path]
    aggregation: Aggregation
    limits: Limits = field(default_factory=Limits)
    threshold: float | None = None
    class_list: Path | None = None
    provider: ProviderName = "auto"
    precision: Precision = "float32"
    threads: int = 1
    batch_size: int | None = None
    wait: float = 0.005
    truncated: Truncated = "fail"
    reload: float = 2.0
    token: str | None = field(default=None, repr=False)

    @property
    def engine(self) -> Engine:
        """What shall run the networks."""
        return Engine(self.provider, self.precision, self.threads)
