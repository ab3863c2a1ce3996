"""The learnt pooling of an event's photos, as a model file describes it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

POOLING = "pooling"
"""Its key among the promises of a model file."""
ATTENTION = "attention"
"""The name of the aggregation that pools so, and of the output of the network."""


class Attention(NamedTuple):
    """How much a photo counts in its event, and how the evidence of photos adds up.

    `score`: photos count by the softmax of their scores. `growth`: the exponent of the number of
    photos, of which at most `most_photos` count.
    """

    score: float
    growth: float
    most_photos: int


@dataclass(frozen=True)
class Pooling:
    """What a model file knows of its pooling besides the output `attention`.

    `labels`: those that it was fitted to. `most_photos`: the most photos of an event that it was
    fitted to.
    """

    growth: float
    most_photos: int
    labels: tuple[str, ...]

    def attention(self, score: float) -> Attention:
        """Return the attention of a photo with that score."""
        return Attention(score, self.growth, self.most_photos)

    def to_json(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return {
            "growth": self.growth,
            "most_photos": self.most_photos,
            "labels": list(self.labels),
        }

    @classmethod
    def of(cls, promises: Mapping[str, Any]) -> Pooling | None:
        """Return that of a model's promises, None if there is none; raises ValueError."""
        entries = promises.get(POOLING)
        if not entries:
            return None
        try:
            entry = entries[0]
            growth, most = float(entry["growth"]), int(entry["most_photos"])
            labels = tuple(map(str, entry["labels"]))
        except (KeyError, TypeError, IndexError) as error:
            raise ValueError(f"its pooling is damaged: {error!r}") from None
        if not 0 <= growth <= 1 or most < 1 or not math.isfinite(growth):
            raise ValueError(f"its pooling is damaged: growth {growth}, {most} photos")
        return cls(growth, most, labels)
