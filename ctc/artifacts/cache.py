"""What ctc keeps on this machine of work at remote places: `CTC_CACHE`, by default the user's folder for caches.

datasets/<fingerprint>/     shards of remote datasets, each checked when it was fetched
unfinished/                 journals of predictions whose output is remote, until they are finished
"""

from __future__ import annotations

import os
from hashlib import blake2b
from pathlib import Path

FOLDER = "CTC_CACHE"
"""The environment variable with the folder."""


def dataset_folder(fingerprint: str) -> Path:
    """Where the files of the remote dataset with this fingerprint are."""
    return _folder() / "datasets" / fingerprint[:32]


def unfinished(place: Path, suffix: str) -> Path:
    """Where something is kept of a remote output until it is finished."""
    digest = blake2b(str(place).encode(), digest_size=8).hexdigest()
    return _folder() / "unfinished" / f"{digest}-{place.name}{suffix}"


def _folder() -> Path:
    chosen = os.environ.get(FOLDER)
    if chosen:
        return Path(chosen)
    from platformdirs import user_cache_path

    return user_cache_path("ctc", appauthor=False)
