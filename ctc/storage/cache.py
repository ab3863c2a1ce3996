"""The local cache folder of ctc: `CTC_CACHE`, by default the user's cache folder.

datasets/<digest>/    shards of remote datasets, each verified when it was downloaded
features/             features that `ctc probe` computed of remote datasets
unfinished/           journals of unfinished predictions whose output is remote
downloads/<digest>/   models of lists, until they are imported
jax/                  what JAX compiled for GPUs
thumbnails/           small copies of photos for the page of `ctc review`, the latest used ones
"""

from __future__ import annotations

import os
from hashlib import blake2b
from pathlib import Path

from ctc.errors import InputError, reason

CACHE_VARIABLE = "CTC_CACHE"
"""Environment variable that names the cache folder."""


def dataset_folder(manifest: str) -> Path:
    """Return the cache folder of the remote dataset with this manifest (JSON text)."""
    return _cache_folder() / "datasets" / blake2b(manifest.encode(), digest_size=16).hexdigest()


def journal_cache_path(output: Path, suffix: str) -> Path:
    """Return the path of a file that belongs to a remote output until that is finished."""
    digest = blake2b(str(output).encode(), digest_size=8).hexdigest()
    return _cache_folder() / "unfinished" / f"{digest}-{output.name}{suffix}"


def download_folder(sha256: str) -> Path:
    """Return the folder of a model with this digest that is being downloaded."""
    return _cache_folder() / "downloads" / sha256


def features_folder() -> Path:
    """Return the folder of features of remote datasets; raises InputError, as all of these."""
    return _cache_folder() / "features"


def compilation_cache_folder() -> Path:
    """Return the folder of what JAX compiled; raises InputError if it can't be created."""
    return _cache_folder() / "jax"


def thumbnails_folder() -> Path:
    """Return the folder of small photos of `ctc review`; raises InputError, as all of these."""
    return _cache_folder() / "thumbnails"


def _cache_folder() -> Path:
    """Return the cache folder, created if needed; raises InputError if it can't be created."""
    folder = Path(os.environ.get(CACHE_VARIABLE) or _default_cache_folder())
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"the cache folder '{folder}' can't be created: {reason(error)}; "
            f"set {CACHE_VARIABLE} to another one"
        ) from None
    return folder


def _default_cache_folder() -> str:
    from platformdirs import user_cache_dir

    return user_cache_dir("ctc", appauthor=False)
