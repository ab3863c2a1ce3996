"""The configuration of the page of `ctc review`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ctc.artifacts.review.records import Reviewer
from ctc.review.proof.targets import Targets

MEGABYTE = 1_000_000


@dataclass(frozen=True)
class ReviewConfig:
    """How a store is reviewed.

    `reviewer`: who uses the page where no token is asked for. `tokens`: the reviewer of each token;
    empty for none. `names`: other names of classes by class, which people may type. `thumbnails`:
    the folder of small photos, and `max_thumbnail_bytes` their bound. `allowed_hosts`: names of the
    server beside `localhost` and its addresses, see `HostMiddleware`. `targets`: what the audit is
    to show.
    """

    reviewer: Reviewer
    thumbnails: Path
    tokens: Mapping[str, Reviewer] = field(default_factory=dict, repr=False)
    names: Mapping[str, Sequence[str]] = field(default_factory=dict)
    max_thumbnail_bytes: int = 1_000 * MEGABYTE
    allowed_hosts: tuple[str, ...] = ()
    targets: Targets = field(default_factory=Targets)
