"""The configuration of `ctc serve`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ctc.detection.detector import DetectionConfig
from ctc.detection.tiles import TileConfig
from ctc.images.clips.frame_choice import FrameChoice
from ctc.inference.config import TruncatedPolicy
from ctc.plugin import Aggregation
from ctc.runtime.config import RuntimeConfig

MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Limits:
    """Upper bounds of what a client can ask for.

    `max_body_bytes`: bytes of one request; `max_inflight_bytes`: of all requests together.
    `max_photos`: photos and frames of one request; `max_pixels`: pixels of one.
    `max_queued_photos`: photos that wait or are being processed. `max_grouped_photos`: predicted
    photos that are being grouped into events, of one request and of all together. `timeout`:
    seconds for a request to arrive, and again for its response. `shutdown_timeout`: seconds for
    requests in progress when the server is stopped.
    """

    max_body_bytes: int = 64 * MEGABYTE
    max_inflight_bytes: int = 512 * MEGABYTE
    max_photos: int = 128
    max_pixels: int = 100_000_000
    max_queued_photos: int = 256
    max_grouped_photos: int = 100_000
    timeout: float = 60.0
    shutdown_timeout: float = 30.0


@dataclass(frozen=True)
class ServeConfig:
    """The models to serve and how to run them.

    `models`: file by name. `max_batch_wait`: seconds that a photo may wait for others to share its
    batch. `poll_interval`: seconds between two checks of the model files, 0 to disable. `token`:
    the bearer token that requests must carry, None for no authentication. `allowed_hosts`: names
    of the server beside `localhost` and its addresses, see `HostMiddleware`. `threshold`,
    `class_list`, `strangers`: see `make_postprocessor`. `detector`, `boxes`, `tiles`: see
    `PredictConfig`; one detector for all models. `frames`: which ones of clips are used, unless a
    request says it. `store`: the review store that keeps corrections.
    """

    models: Mapping[str, Path]
    aggregation: Aggregation
    detector: Path | None = None
    boxes: DetectionConfig = field(default_factory=DetectionConfig)
    tiles: TileConfig = field(default_factory=TileConfig)
    limits: Limits = field(default_factory=Limits)
    threshold: float | None = None
    class_list: Path | None = None
    strangers: bool = True
    runtime: RuntimeConfig = field(default_factory=RuntimeConfig)
    max_batch_wait: float = 0.005
    truncated: TruncatedPolicy = "fail"
    frames: FrameChoice = field(default_factory=FrameChoice)
    poll_interval: float = 2.0
    token: str | None = field(default=None, repr=False)
    allowed_hosts: tuple[str, ...] = ()
    store: Path | None = None
