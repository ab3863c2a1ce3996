"""The files of a remote dataset on this machine, each checked when it is fetched and kept for the
next time."""

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
from ctc.storage.remote_files import download, error_reason

DOWNLOAD_THREADS = 8

log = logging.getLogger("ctc.dataset")


def download_dataset(dataset: Dataset, splits: Iterable[str], refresh: bool = False) -> Dataset:
    """The remote dataset with the shards of these splits, and their indexes, in a folder of this
    machine; `refresh`: whether or not they are there. Raises InputError for a shard that can't be
    fetched or whose bytes are not those that the manifest tells of."""
    here = Dataset(
        dataset_folder(json.dumps(dataset.manifest.to_json())), dataset.manifest, dataset.folder
    )
    shards = [shard for split in splits for shard in dataset.shards(split)]
    missing = [shard for shard in shards if refresh or not _is_cached(here, shard)]
    if missing:
        size = sum(shard.bytes for shard in missing)
        log.info(
            "fetching %d shards, %.1f MB, of '%s' into '%s'",
            len(missing),
            size / 1e6,
            here.display_path,
            here.folder,
        )
    try:
        if refresh or not (here.folder / MANIFEST).is_file():
            here.save()
        with ThreadPoolExecutor(DOWNLOAD_THREADS, "ctc-fetch") as pool:
            list(pool.map(lambda shard: _download_shard(here, shard), missing))
    except OSError as error:
        raise InputError(
            f"'{here.display_path}' can't be fetched into '{here.folder}': {error_reason(error)}"
        ) from error
    return here


def _is_cached(cached: Dataset, shard: Shard) -> bool:
    path = cached.folder / shard.file
    return path.is_file() and path.stat().st_size == shard.bytes


def _download_shard(cached: Dataset, shard: Shard) -> None:
    """The shard last: where it is, its index is."""
    with atomic_write(cached.folder / shard.index_file) as partial:
        download(str(cached.display_path / shard.index_file), partial)
    with atomic_write(cached.folder / shard.file) as partial:
        download(str(cached.display_path / shard.file), partial)
        _verify_checksum(partial, shard, cached.display_path / shard.file)


def _verify_checksum(downloaded: Path, shard: Shard, source: Path) -> None:
    with downloaded.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != shard.sha256:
            raise InputError(
                f"'{source}' is damaged: its SHA-256 is not the one in dataset.json; upload it again"
            )
