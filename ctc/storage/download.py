"""Download of one file with a size limit, which continues where an earlier attempt ended."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ctc.storage.paths import is_http
from ctc.storage.remote_files import as_os_errors, filesystem_and_path

CONNECT_SECONDS = 30.0
"""Seconds until a web server must have answered."""
READ_SECONDS = 60.0
"""Seconds without a byte after which a download has failed; it may take hours as a whole."""

_CHUNK_BYTES = 1 << 18
_PARTIAL_CONTENT = 206
"""Status of a web server that sends the part that was asked for, not the whole file."""
_RANGE_NOT_SATISFIABLE = 416


def download(
    url: str,
    target: Path,
    limit: int,
    *,
    resume: bool = False,
    advance: Callable[[int], None] = lambda _: None,
) -> None:
    """Copy the file at a URL to the local file `target`, at most `limit` bytes.

    `resume`: keep what `target` holds already and fetch the rest, if the server can do that; else
    begin anew. `advance` is called with numbers of bytes, first with those that were there already,
    less those if they had to be dropped. What was written stays when it fails. Raises OSError with
    the reason: EFBIG for a file that is larger than `limit`.
    """
    with target.open("ab" if resume else "wb") as file:
        there = file.tell()
        advance(there)
        with as_os_errors(url), _open(url, there) as source:
            if there and not _starts_at(source, url, there):
                file.truncate(0)
                file.seek(0)
                advance(-there)
            while chunk := source.read(_CHUNK_BYTES):
                if file.tell() + len(chunk) > limit:
                    raise OSError(errno.EFBIG, f"it is larger than {limit:,} bytes")
                file.write(chunk)
                advance(len(chunk))


def _open(url: str, start: int) -> Any:
    """Open the file for one sequential reading, at the byte `start` if the storage can do that."""
    files, path = filesystem_and_path(url)
    if not is_http(url):
        return files.open(path, "rb")
    import aiohttp

    headers = {"Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    patience = aiohttp.ClientTimeout(
        total=None, sock_connect=CONNECT_SECONDS, sock_read=READ_SECONDS
    )
    try:
        # a block size of 0 streams; with a size there is no other request before
        return files.open(path, "rb", block_size=0, size=1, headers=headers, timeout=patience)
    except aiohttp.ClientResponseError as error:
        if error.status != _RANGE_NOT_SATISFIABLE or not start:
            raise
        return _open(url, 0)


def _starts_at(source: Any, url: str, start: int) -> bool:
    """Return whether the opened file goes on at byte `start`; a file that can seek is moved."""
    if is_http(url):
        content_range = source.r.headers.get("Content-Range", "")
        is_part: bool = source.r.status == _PARTIAL_CONTENT
        return is_part and content_range.startswith(f"bytes {start}-")
    source.seek(start)
    return True
