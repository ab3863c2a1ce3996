"""Fetch the files of a model, and check size and SHA-256.

An interrupted download is kept in the cache folder and continued by the next attempt; it is only
used once its SHA-256 is right.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory

from ctc.errors import CtcError, InputError, UsageError, reason
from ctc.model_import.catalogue.entry import ListedFile, ModelEntry
from ctc.model_import.catalogue.json_fields import MAX_BYTES
from ctc.model_import.catalogue.local_models import file_sha256
from ctc.model_import.catalogue.model_list import ModelList
from ctc.reporting import ProgressBar, Reporter, hint_if_interrupted
from ctc.storage.atomic import remove
from ctc.storage.cache import download_folder
from ctc.storage.download import download
from ctc.storage.folder_lock import lock_folder
from ctc.storage.paths import is_remote
from ctc.storage.urls import redact_urls

_PART_SUFFIX = ".part"


@contextmanager
def fetched(
    model_list: ModelList, entry: ModelEntry, reporter: Reporter, *, unchecked: bool = False
) -> Iterator[Path]:
    """Yield the network of a model, with the files beside it in the same folder.

    The folder is removed when the block ends without an error. `unchecked`: also fetch files whose
    size or SHA-256 the list does not say. Raises UsageError for such a file otherwise, InputError
    for one that is not what the list says, of which nothing is kept, and for one that can't be
    fetched.
    """
    if not entry.is_checked and not unchecked:
        raise UsageError(
            f"the list says no size or no SHA-256 for the files of '{entry.name}', so they can't "
            "be checked: add --without-checksum if you trust the place that they come from"
        )
    cache = _cache_folder(model_list, entry)
    with (
        TemporaryDirectory(prefix="ctc-", ignore_cleanup_errors=True)
        if cache is None
        else nullcontext(str(cache)) as name
    ):
        folder = Path(name)
        with nullcontext() if cache is None else lock_folder(cache, "ctc models get"):
            with reporter.progress("fetch", entry.total_bytes) as bar:
                for file in entry.files:
                    _fetch(model_list, file, folder, reporter, bar, continues=cache is not None)
            yield folder / entry.network.name
        if cache is not None:
            remove(cache)


def _cache_folder(model_list: ModelList, entry: ModelEntry) -> Path | None:
    """Return where a download is kept to be continued, None if it is not worth it."""
    digest = entry.network.sha256
    if not entry.is_checked or digest is None:
        return None
    is_local = not is_remote(model_list.locate(entry.network.url))
    return None if is_local else download_folder(digest)


def _fetch(
    model_list: ModelList,
    file: ListedFile,
    folder: Path,
    reporter: Reporter,
    bar: ProgressBar,
    continues: bool,
) -> None:
    """Put a file into the folder under its name, unless it is there and right.

    `continues`: what was downloaded stays in the folder for the next attempt.
    """
    target = folder / file.name
    part = target.with_name(target.name + _PART_SUFFIX)
    if target.exists():
        if file.sha256 is not None and file_sha256(target) == file.sha256:
            bar.advance(target.stat().st_size)
            return
        remove(target)
    place = model_list.locate(file.url)
    again = "run the same command again to continue"
    if is_remote(place):
        _download(str(place), file, part, reporter, bar, again if continues else "")
    else:
        _copy(place, file, part)
        bar.advance(part.stat().st_size)
    try:
        _check(place, file, part)
    except InputError:
        remove(part)
        raise
    if file.sha256 is None:
        reporter.info(f"SHA-256 of {file.name}: {file_sha256(part)}, {part.stat().st_size} bytes")
    part.replace(target)


def _download(
    url: str, file: ListedFile, part: Path, reporter: Reporter, bar: ProgressBar, remedy: str
) -> None:
    shown = redact_urls(url)
    there = part.stat().st_size if part.exists() else 0
    if there and there == file.size:
        bar.advance(there)
        return
    if there:
        reporter.info(f"continuing the download of '{file.name}' after {there:,} bytes")
    limit = file.size or MAX_BYTES
    try:
        with hint_if_interrupted(reporter, lambda: remedy) if remedy else nullcontext():
            download(url, part, limit, resume=bool(remedy), advance=bar.advance)
    except FileNotFoundError:
        raise InputError(f"'{shown}' is not there: tell whoever keeps the list") from None
    except OSError as error:
        if error.errno == errno.EFBIG:
            remove(part)
            raise InputError(f"'{shown}' is not what the list says: {reason(error)}") from None
        then = f"; {remedy}" if remedy else ""
        raise CtcError(f"'{shown}' can't be fetched: {reason(error)}{then}") from None


def _copy(place: Path, file: ListedFile, part: Path) -> None:
    limit = file.size or MAX_BYTES
    try:
        if place.stat().st_size > limit:
            raise InputError(
                f"'{place}' is not what the list says: it is larger than {limit:,} bytes"
            )
        shutil.copyfile(place, part)
    except OSError as error:
        raise InputError(
            f"'{place}', which the list names, can't be read: {reason(error)}"
        ) from None


def _check(place: Path, file: ListedFile, part: Path) -> None:
    shown, size = redact_urls(str(place)), part.stat().st_size
    if file.size is not None and size != file.size:
        fault = f"it has {size:,} bytes, not {file.size:,}"
    elif file.sha256 is not None and (digest := file_sha256(part)) != file.sha256:
        fault = f"its SHA-256 is {digest}, not {file.sha256}"
    else:
        return
    raise InputError(
        f"'{shown}' is not what the list says: {fault}; nothing is kept, the file or the list has "
        "changed: tell whoever keeps the list"
    )
