"""What whoever runs `ctc serve` can choose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ctc.inference.pipeline.inputs import TruncatedPolicy
from ctc.plugin import Aggregation
from ctc.runtime.providers import Precision, ProviderName, RuntimeConfig

MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Limits:
    """What a stranger can ask for. `max_body_bytes`: bytes of one request; `max_inflight_bytes`: of
    all requests together. `max_photos` of one request and `max_pixels` of one photo.
    `max_queued_photos`: photos that may wait or be worked on. `timeout` that a request may take to
    arrive, and again to be answered; `shutdown_timeout`: that requests under way get when the
    server is stopped."""

    max_body_bytes: int = 64 * MEGABYTE
    max_inflight_bytes: int = 512 * MEGABYTE
    max_photos: int = 128
    max_pixels: int = 100_000_000
    max_queued_photos: int = 256
    timeout: float = 60.0
    shutdown_timeout: float = 30.0


@dataclass(frozen=True)
class ServeConfig:
    """`models`: file by name. `batch_size` None: measured. `max_batch_wait`: seconds that a photo
    may wait for others to share its batch. `threads`: CPU cores to use. `poll_interval`: seconds
    between two looks at the model files; 0 for none. `token`: what requests must bear, if anything.
    `threshold`, `class_list`: see `make_postprocessor`."""

    models: Mapping[str, Path]
    aggregation: Aggregation
    limits: Limits = field(default_factory=Limits)
    threshold: float | None = None
    class_list: Path | None = None
    provider: ProviderName = "auto"
    precision: Precision = "float32"
    threads: int = 1
    batch_size: int | None = None
    max_batch_wait: float = 0.005
    truncated: TruncatedPolicy = "fail"
    poll_interval: float = 2.0
    token: str | None = field(default=None, repr=False)

    @property
    def runtime_config(self) -> RuntimeConfig:
        """What shall run the networks."""
        return RuntimeConfig(self.provider, self.precision, self.threads)
