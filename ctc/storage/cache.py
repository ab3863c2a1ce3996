"""What ctc keeps on this machine of work at remote places: `CTC_CACHE`, by default the user's
folder for caches.

datasets/<digest>/          shards of remote datasets, each checked when it was fetched
unfinished/                 journals of predictions whose output is remote, until they are finished
"""

from __future__ import annotations

import os
from hashlib import blake2b
from pathlib import Path

from ctc.errors import InputError

CACHE_VARIABLE = "CTC_CACHE"
"""The environment variable with the folder."""


def dataset_folder(manifest: str) -> Path:
    """Where the files of the remote dataset with this description are."""
    return _cache_folder() / "datasets" / blake2b(manifest.encode(), digest_size=16).hexdigest()


def journal_cache_path(output: Path, suffix: str) -> Path:
    """Where something is kept of a remote output until it is finished."""
    digest = blake2b(str(output).encode(), digest_size=8).hexdigest()
    return _cache_folder() / "unfinished" / f"{digest}-{output.name}{suffix}"


def _cache_folder() -> Path:
    """Made when it isn't there; raises InputError when it can't be."""
    folder = Path(os.environ.get(CACHE_VARIABLE) or _default_cache_folder())
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise InputError(
            f"the folder '{folder}' can't be made: {why}; name another one with {CACHE_VARIABLE}"
        ) from None
    return folder


def _default_cache_folder() -> str:
    from platformdirs import user_cache_dir

    return user_cache_dir("ctc", appauthor=False)
