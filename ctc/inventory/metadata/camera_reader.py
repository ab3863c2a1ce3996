"""Complete what photos tell of their cameras with exiftool."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from ctc.errors import UsageError
from ctc.images.clips.names import file_of, split_frame_path
from ctc.images.metadata.camera_data import CAMERA_DATA_FIELDS, FROM_EXIFTOOL
from ctc.images.metadata.exif import OTHER_NOTE, Exif
from ctc.images.metadata.exiftool import ExifToolPool, find_exiftool
from ctc.inventory.config import AUTO, EXIFTOOL
from ctc.storage.paths import is_remote, is_url, join_path

MAX_IN_VAIN = 100
_Model = tuple[str | None, str | None]
_IDENTITY = ("make", "model", "serial")


@dataclass
class CameraReader:
    """Asks exiftool where the built-in reader falls short, or for all photos.

    `root`: the folder of the photos. `pool`: exiftool; None: it is not asked. `for_all`: ask it for
    every event, and believe it first; else for clips and for photos with a maker note that the
    built-in reader doesn't know, and no more for those of a model if it has added nothing to
    MAX_IN_VAIN of them. `unread_notes`: events whose photo has a note of which nobody has read
    anything, by model.
    """

    root: Path
    pool: ExifToolPool | None = None
    for_all: bool = False
    unread_notes: Counter[str] = field(default_factory=Counter)
    _in_vain: Counter[_Model] = field(default_factory=Counter)
    _fruitful: set[_Model] = field(default_factory=set)

    def complete(self, events: Sequence[Sequence[str]], exifs: Sequence[Exif]) -> list[Exif]:
        """Return what is known of each event, with what exiftool says of its first photo."""
        completed, added = list(exifs), list(exifs)
        asked = [e for e, photos in enumerate(events) if self._asks(photos[0], exifs[e])]
        if self.pool:
            paths = [join_path(self.root, file_of(events[e][0])) for e in asked]
            for e, theirs in zip(asked, self.pool.read_all(paths), strict=True):
                completed[e] = unite(exifs[e], theirs, prefer_theirs=self.for_all)
                added[e] = unite(exifs[e], theirs, prefer_theirs=False)
                self._note(exifs[e], added[e])
        self.unread_notes.update(_name(one) for one in added if one.note == OTHER_NOTE)
        return completed

    def _asks(self, photo: str, exif: Exif) -> bool:
        if self.pool is None or is_url(photo):
            return False
        if self.for_all or split_frame_path(photo) is not None:
            return True
        model = exif.make, exif.model
        hopeless = self._in_vain[model] >= MAX_IN_VAIN and model not in self._fruitful
        return exif.note == OTHER_NOTE and not hopeless

    def _note(self, asked: Exif, completed: Exif) -> None:
        model = asked.make, asked.model
        if completed.note == FROM_EXIFTOOL:
            self._fruitful.add(model)
        else:
            self._in_vain[model] += 1


def _name(exif: Exif) -> str:
    return exif.model or exif.make or "without make or model"


@contextmanager
def open_camera_reader(how: str, root: Path) -> Iterator[CameraReader]:
    """Open a reader for `--camera-data`; raises UsageError if exiftool is asked for and can't be.

    At URLs exiftool reads nothing.
    """
    program = find_exiftool() if how in (AUTO, EXIFTOOL) else None
    if how == EXIFTOOL and program is None:
        raise UsageError(
            "--camera-data exiftool: there is no exiftool on the PATH: install it from "
            "https://exiftool.org, or use --camera-data builtin"
        )
    if how == EXIFTOOL and is_remote(root):
        raise UsageError(
            f"--camera-data exiftool reads files, and '{root}' is a URL: use --camera-data builtin"
        )
    if program is None or is_remote(root):
        yield CameraReader(root)
        return
    with ExifToolPool(program) as pool:
        yield CameraReader(root, pool, for_all=how == EXIFTOOL)


def unite(ours: Exif, theirs: Exif, *, prefer_theirs: bool) -> Exif:
    """Return what the built-in reader knows of a camera, with what exiftool adds to it.

    `prefer_theirs`: where both know something, exiftool is right.
    """
    first, second = (theirs, ours) if prefer_theirs else (ours, theirs)
    identity = {name: getattr(first, name) or getattr(second, name) for name in _IDENTITY}
    data = {
        name: getattr(second.data, name) if value is None else value
        for name in CAMERA_DATA_FIELDS
        for value in (getattr(first.data, name),)
    }
    united = replace(ours, **identity, data=replace(ours.data, **data))
    uses_theirs = united != ours or (prefer_theirs and theirs.read_from is not None)
    return replace(united, note=FROM_EXIFTOOL) if uses_theirs else united
