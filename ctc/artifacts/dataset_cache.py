"""Local cache of remote datasets: every file is verified when it is downloaded, then reused."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ctc.artifacts.dataset import MANIFEST, Dataset, Shard
from ctc.errors import InputError
from ctc.storage.atomic import atomic_write
from ctc.storage.cache import dataset_folder
from ctc.storage.paths import is_remote
from ctc.storage.remote_files import download, error_reason

DOWNLOAD_THREADS = 8

log = logging.getLogger("ctc.dataset")


def open_dataset(path: Path, splits: Iterable[str] | None = None, refresh: bool = False) -> Dataset:
    """Open the dataset at `path`; a remote one is downloaded into the local cache first.

    Only the shards of `splits` are downloaded, by default all. Shards that are already in the cache
    are used again, unless `refresh` is True. Raises CtcError if `path` is not a dataset, was
    written by a newer ctc, or can't be downloaded.
    """
    dataset = Dataset.read(path)
    if not is_remote(path):
        return dataset
    return _download_dataset(
        dataset, dataset.manifest.splits if splits is None else splits, refresh
    )


def _download_dataset(dataset: Dataset, splits: Iterable[str], refresh: bool) -> Dataset:
    """Return the cached copy of a remote dataset, with the shards and indexes of `splits`.

    Raises InputError for a shard that can't be downloaded, or whose checksum is not the one in the
    manifest.
    """
    cached = Dataset(
        dataset_folder(json.dumps(dataset.manifest.to_json())), dataset.manifest, dataset.folder
    )
    shards = [shard for split in splits for shard in dataset.shards(split)]
    missing = [shard for shard in shards if refresh or not _is_cached(cached, shard)]
    if missing:
        log.info(
            "downloading %d shards (%.1f MB) of '%s' to '%s'",
            len(missing),
            sum(shard.bytes for shard in missing) / 1e6,
            cached.display_path,
            cached.folder,
        )
    try:
        if refresh or not (cached.folder / MANIFEST).is_file():
            cached.save()
        with ThreadPoolExecutor(DOWNLOAD_THREADS, "ctc-fetch") as pool:
            list(pool.map(lambda shard: _download_shard(cached, shard), missing))
    except OSError as error:
        raise InputError(
            f"'{cached.display_path}' can't be downloaded to '{cached.folder}': "
            f"{error_reason(error)}"
        ) from error
    return cached


def _is_cached(cached: Dataset, shard: Shard) -> bool:
    path = cached.folder / shard.file
    return path.is_file() and path.stat().st_size == shard.bytes


def _download_shard(cached: Dataset, shard: Shard) -> None:
    """Download the index, then the shard, so that a cached shard always has its index."""
    with atomic_write(cached.folder / shard.index_file) as partial:
        download(str(cached.display_path / shard.index_file), partial)
    with atomic_write(cached.folder / shard.file) as partial:
        download(str(cached.display_path / shard.file), partial)
        _verify_checksum(partial, shard, cached.display_path / shard.file)


def _verify_checksum(downloaded: Path, shard: Shard, source: Path) -> None:
    with downloaded.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != shard.sha256:
            raise InputError(
                f"'{source}' is damaged: its SHA-256 is not the one in {MANIFEST}; upload it again"
            )
