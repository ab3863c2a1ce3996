"""What `ctc dataset` was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ctc.errors import UsageError

DEFAULT_SHARES = {"train": 0.9, "val": 0.05, "test": 0.05}


@dataclass(frozen=True)
class DatasetConfig:
    """The options of a dataset. `shares`: split → share of the events, adding up to 1. `split_by`: meta column whose values are the
    splits; `group_by`: meta column whose events stay together. `balance`: label to down-sample. `keep`, `remove`: (label, class)
    pairs. `smallest_side` in pixels; `quality` 1–100. `threads` doesn't change the result."""

    shares: Mapping[str, float] = field(default_factory=lambda: dict(DEFAULT_SHARES))
    split_by: str | None = None
    group_by: str | None = None
    balance: str | None = None
    keep: tuple[tuple[str, str], ...] = ()
    remove: tuple[tuple[str, str], ...] = ()
    keep_multi_observation: bool = False
    image_root: Path | None = None
    smallest_side: int = 500
    quality: int = 90
    events_per_shard: int = 5000
    seed: int = 0
    threads: int = 2

    def __post_init__(self) -> None:
        if self.split_by and self.group_by:
            raise UsageError("--split-by and --group-by exclude each other: the column's values are the splits already")
        if not self.split_by and abs(sum(self.shares.values()) - 1) > 1e-6:
            raise UsageError(f"the shares of --split add up to {sum(self.shares.values()):g}: they must add up to 1")
        for name, share in self.shares.items():
            if not 0 < share <= 1:
                raise UsageError(f"the share of split '{name}' is {share:g}: it must be above 0 and at most 1")

    def outcome(self) -> dict[str, Any]:
        """What decides the result, as JSON: everything but the threads."""
        values = asdict(self)
        del values["threads"]
        return {**values, "image_root": None if self.image_root is None else self.image_root.as_posix()}
