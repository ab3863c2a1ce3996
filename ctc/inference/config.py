"""What the user of `ctc predict` can choose, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

from ctc._version import __version__
from ctc.artifacts.predictions import Failure
from ctc.errors import UsageError
from ctc.inference.events.table import Columns
from ctc.inference.pipeline.inputs import TruncatedPolicy
from ctc.inference.run.shards import ShardSpec
from ctc.runtime.providers import Precision, ProviderName, RuntimeConfig


@dataclass(frozen=True)
class PredictConfig:
    """`engine`: what does the work, with those of its options that are given, by key; None: this
    process, all at once. `threads`: CPU cores to use, those of each worker with an engine.
    `columns`: of the CSV files among the sources. `events_within`: see LoosePhotos.
    `format_options`: those options of the output format that are given, by key. `threshold`,
    `class_list`: see `make_postprocessor`. `batch_size` None: measured."""

    model: Path
    sources: tuple[Path, ...]
    output: Path
    columns: Columns | None = None
    image_root: Path | None = None
    events_within: float | None = None
    aggregation: str = "mean"
    threshold: float | None = None
    class_list: Path | None = None
    format: str | None = None
    format_options: Mapping[str, Any] = field(default_factory=dict)
    provider: ProviderName = "auto"
    precision: Precision = "float32"
    batch_size: int | None = None
    threads: int = 1
    truncated: TruncatedPolicy = "fail"
    shard: ShardSpec | None = None
    engine: str | None = None
    engine_options: Mapping[str, Any] = field(default_factory=dict)
    resume: bool = False
    overwrite: bool = False

    @property
    def runtime(self) -> RuntimeConfig:
        """What shall run the network."""
        return RuntimeConfig(self.provider, self.precision, self.threads)

    def identity(self, model: str, photos: str) -> dict[str, str]:
        """What decides the predictions, not how they are written; `model` and `photos` are digests.
        See `RunHeader.identity`."""
        chosen = {
            "--aggregation": self.aggregation,
            "--threshold": self.threshold,
            "--classes": self.class_list and _digest(self.class_list),
            "--provider": self.provider,
            "--precision": self.precision,
            "--batch-size": self.batch_size,
            "--truncated": self.truncated,
        }
        given = {name: str(value) for name, value in chosen.items() if value is not None}
        return {"model": model, "photos": photos, "ctc": __version__, **given}


@dataclass(frozen=True)
class Summary:
    """What came out. `events` predicted, `photos` that came in, `resumed` of them in an earlier
    run, `failed` entries in `failures`, the `first_failures`, and the `seconds` that it took."""

    events: int
    photos: int
    resumed: int
    failed: int
    failures: Path
    first_failures: tuple[Failure, ...]
    seconds: float


def _digest(path: Path) -> str:
    try:
        return blake2b(path.read_bytes(), digest_size=8).hexdigest()
    except OSError as error:
        raise UsageError(
            f"the class list '{path}' can't be read: {(error.strerror or str(error)).lower()}"
        ) from None
