"""The rows of photos in an embeddings file, found by path."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ctc.features.store import PATH, Embeddings
from ctc.storage.paths import is_remote, is_url, join_path
from ctc.storage.urls import redact_urls


class PhotoRows:
    """The first row of each photo of an embeddings file.

    A photo is found by its absolute path or URL, and by its path as it is in the file: that of a
    dataset has the paths of its inventory.
    """

    def __init__(self, embeddings: Embeddings) -> None:
        self._rows: dict[str, int] = {}
        for row, path in enumerate(embeddings.table[PATH]):
            for key in _keys(path.as_py(), embeddings.folder):
                self._rows.setdefault(key, row)

    def find(self, path: str, folder: Path | None = None) -> int | None:
        """Return the row of a photo, None if it has none.

        `folder`: what a relative path starts from; by default the working folder.
        """
        keys = _keys(redact_urls(path), folder or Path.cwd())  # as in the file
        return next((self._rows[key] for key in keys if key in self._rows), None)


def _keys(path: str, folder: Path | None) -> Iterator[str]:
    """Yield the absolute path, if it is known, and the path itself."""
    if folder is not None and not is_url(path):
        joined = join_path(folder, path) if is_remote(folder) else os.path.join(folder, path)  # noqa: PTH118, as fast as it gets
        absolute = joined if is_url(joined) else os.path.normpath(joined)
        yield absolute.replace(os.sep, "/")
        if absolute == path:
            return
    yield path
