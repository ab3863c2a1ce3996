"""The files of a remote dataset on this machine, each checked when it is fetched and kept for the next time."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ctc.artifacts.dataset import MANIFEST, Dataset, Shard
from ctc.errors import InputError
from ctc.storage.atomic import whole_file
from ctc.storage.cache import dataset_folder
from ctc.storage.remote_files import fetch, reason_of

AT_ONCE = 8

log = logging.getLogger("ctc.dataset")


def brought_here(dataset: Dataset, splits: Iterable[str], anew: bool = False) -> Dataset:
    """The remote dataset with the shards of these splits, and their indexes, in a folder of this machine; `anew`: whether or not they are
    there. Raises InputError for a shard that can't be fetched or whose bytes are not those that the manifest tells of."""
    here = Dataset(dataset_folder(json.dumps(dataset.manifest.to_json())), dataset.manifest, dataset.folder)
    shards = [shard for split in splits for shard in dataset.shards(split)]
    missing = [shard for shard in shards if anew or not _is_here(here, shard)]
    if missing:
        size = sum(shard.bytes for shard in missing)
        log.info("fetching %d shards, %.1f MB, of '%s' into '%s'", len(missing), size / 1e6, here.place, here.folder)
    try:
        if anew or not (here.folder / MANIFEST).is_file():
            here.save()
        with ThreadPoolExecutor(AT_ONCE, "ctc-fetch") as pool:
            list(pool.map(lambda shard: _fetch(here, shard), missing))
    except OSError as error:
        raise InputError(f"'{here.place}' can't be fetched into '{here.folder}': {reason_of(error)}") from error
    return here


def _is_here(here: Dataset, shard: Shard) -> bool:
    path = here.folder / shard.file
    return path.is_file() and path.stat().st_size == shard.bytes


def _fetch(here: Dataset, shard: Shard) -> None:
    """The shard last: where it is, its index is."""
    with whole_file(here.folder / shard.index) as partial:
        fetch(str(here.place / shard.index), partial)
    with whole_file(here.folder / shard.file) as partial:
        fetch(str(here.place / shard.file), partial)
        _check(partial, shard, here.place / shard.file)


def _check(fetched: Path, shard: Shard, place: Path) -> None:
    with fetched.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != shard.sha256:
            raise InputError(f"'{place}' is damaged: its SHA-256 is not the one in dataset.json; upload it again")
