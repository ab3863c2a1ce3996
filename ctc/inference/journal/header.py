"""What a journal says of itself: which run it belongs to, and what all of its outcomes share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from ctc.errors import InputError
from ctc.runtime.providers import RuntimeConfig


@dataclass(frozen=True)
class RunHeader:
    """`identity`: everything that decides what the outcomes are; two runs with the same identity
    give the same. `shard`: (index from 0, count). `provider`, `precision`, `batch_size`: what runs
    the network. The rest is what an output is told."""

    identity: Mapping[str, str]
    shard: tuple[int, int]
    created: datetime
    provider: str
    precision: str
    batch_size: int
    model: str
    labels: Mapping[str, tuple[str, ...]]
    thresholds: Mapping[str, tuple[float | None, ...]]
    notes: tuple[str, ...]
    image_root: str
    multi_label: tuple[str, ...] = ()

    def runtime_config(self, workers: int) -> RuntimeConfig:
        return RuntimeConfig(self.provider, self.precision, workers)  # type: ignore[arg-type]

    def describe_mismatch(self, identity: Mapping[str, str]) -> str | None:
        """In words, what sets this run apart from one with the other identity; None when they are
        the same."""
        for key in {**self.identity, **identity}:
            if self.identity.get(key) != identity.get(key):
                known = {"model": "another model", "photos": "other photos"}
                return known.get(key, f"{key} {self.identity.get(key, 'as it is by default')}")
        return None

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"created": self.created.isoformat()}

    @classmethod
    def from_json(cls, data: Any) -> RunHeader:
        """Raises InputError when it is no heading that this ctc wrote."""
        try:
            labels = {label: tuple(classes) for label, classes in data["labels"].items()}
            thresholds = {label: tuple(values) for label, values in data["thresholds"].items()}
            created = datetime.fromisoformat(data["created"])
            index, count = data["shard"]
            changed = {
                "labels": labels,
                "thresholds": thresholds,
                "created": created,
                "shard": (index, count),
            }
            multi_label = tuple(data.get("multi_label", ()))
            return cls(
                **{**data, **changed, "notes": tuple(data["notes"]), "multi_label": multi_label}
            )
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            raise InputError(f"its first line is not understood: {error}") from None
