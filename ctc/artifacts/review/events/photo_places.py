"""Where photos are, given their paths in the predictions and the root that was named last."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from ctc.storage.paths import join_path, parse_path
from ctc.storage.urls import is_url


@dataclass(frozen=True, slots=True)
class PhotoPlaces:
    """`root`: a folder or URL, '' for paths as they are. `prefix`: the beginning of paths, which
    `root` replaces: `/old/disk/2025` where that folder is now `root`.
    """

    root: str = ""
    prefix: str = ""

    def location(self, path: str) -> str:
        """Return the path or URL of a photo."""
        if not self.root:
            return path
        rest = self._without_prefix(path)
        if rest is None:
            return path if is_url(path) else join_path(parse_path(self.root), path)
        return join_path(parse_path(self.root), rest)

    def _without_prefix(self, path: str) -> str | None:
        if not self.prefix:
            return None
        try:
            return str(PurePosixPath(path.replace("\\", "/")).relative_to(self.prefix))
        except ValueError:
            return None
