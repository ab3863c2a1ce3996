"""The output of one photo: its copy, its sidecar, or both."""

from __future__ import annotations

import errno
import filecmp
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from ctc.errors import ImageError, InputError, reason
from ctc.images import is_jpeg, read_photo
from ctc.images.files import check_regular_file
from ctc.images.pillow import open_photo_bytes
from ctc.storage.atomic import atomic_write
from ctc.storage.paths import is_url, parse_path
from ctc.storage.remote_files import local_copy
from ctc.storage.urls import redact_urls
from ctc.tagging.blur import BlurArea, blur_photo, find_area
from ctc.tagging.config import TagConfig
from ctc.tagging.coordinates import remove_coordinates, remove_from_xmp
from ctc.tagging.jpeg.blurred import without_pictures
from ctc.tagging.jpeg.embed import embed_keywords
from ctc.tagging.keywords import Keywords
from ctc.tagging.places import Place
from ctc.tagging.records import TaggedPhoto
from ctc.tagging.xmp.packet import XmpPacket
from ctc.tagging.xmp.tags import apply_keywords, own_subject

_ENDS_ALL = frozenset(
    (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EROFS, errno.EIO, errno.EMFILE)
)


class Outcome(NamedTuple):
    """What became of a photo.

    `state`: written; kept, since all of it was there and equal; bare, since it has no keyword and
    no copy was asked for; or failed. `failure`: why. `has_sidecar`: whether keywords stand in one.
    `is_blurred`: whether something was blurred.
    """

    state: Literal["written", "kept", "bare", "failed"]
    failure: str = ""
    has_sidecar: bool = False
    is_blurred: bool = False


@dataclass(frozen=True)
class TagJob:
    """A photo, where its output goes, and what is written."""

    photo: TaggedPhoto
    place: Place
    keywords: Keywords
    config: TagConfig
    area: BlurArea

    @classmethod
    def of(cls, photo: TaggedPhoto, place: Place, keywords: Keywords, config: TagConfig) -> TagJob:
        """Return the job of a photo, with what is to be blurred."""
        area = find_area(photo, config.blur, config.blur_confidence)
        return cls(photo, place, keywords, config, area)

    def run(self) -> Outcome:
        """Write what belongs to the photo; raises OSError for a full or read-only disk."""
        try:
            return self._run()
        except OSError as error:
            if error.errno in _ENDS_ALL:
                raise
            return Outcome("failed", _os_reason(error, self.photo))
        except (ImageError, InputError) as error:
            return Outcome("failed", str(error))

    def _run(self) -> Outcome:
        if self.place.copy is None:
            check_regular_file(self.photo.path)
            return self._write_sidecar()
        if self.photo.is_clip:
            return self._copy_clip(self.place.copy)
        return self._copy_photo(self.place.copy)

    def _copy_photo(self, copy: Path) -> Outcome:
        data = read_photo(self.photo.path)
        if not is_jpeg(data):
            open_photo_bytes(data).close()  # no copies of files that are no photos
        if not self.area.is_empty:
            data = blur_photo(data, self.area, copy.suffix)
        if self.config.remove_gps:
            data = remove_coordinates(data)
        embedded = None if self.place.only_sidecar else embed_keywords(data, self.keywords)
        content = data if embedded is None else embedded
        is_kept = copy.exists() and copy.read_bytes() == content
        if not is_kept:
            self._check_free(copy)
            with atomic_write(copy) as partial:
                partial.write_bytes(content)
                _copy_time(self.photo.path, partial)
        beside = Outcome("kept") if embedded is not None else self._write_sidecar()
        return self._outcome(is_kept, beside)

    def _copy_clip(self, copy: Path) -> Outcome:
        if not self.area.is_empty:
            raise ImageError("it is a clip with something to blur, and clips can't be blurred")
        if self.config.remove_gps:
            raise ImageError("it is a clip, from which coordinates can't be removed")
        source = local_copy(parse_path(self.photo.path))
        is_kept = copy.exists() and filecmp.cmp(source, copy, shallow=False)
        if not is_kept:
            self._check_free(copy)
            with atomic_write(copy) as partial:
                shutil.copyfile(source, partial)
                _copy_time(self.photo.path, partial)
        return self._outcome(is_kept, self._write_sidecar())

    def _outcome(self, is_kept: bool, beside: Outcome) -> Outcome:
        """Return the outcome of a copy and of what was written beside it."""
        is_old = is_kept and beside.state != "written"
        return Outcome(
            "kept" if is_old else "written",
            has_sidecar=beside.has_sidecar,
            is_blurred=not self.area.is_empty,
        )

    def _write_sidecar(self) -> Outcome:
        """Write the keywords into a sidecar, whose other contents stay."""
        target = self.place.sidecar
        old = _read(target)
        base = old if old is not None else _read(self.place.old_sidecar)
        packet = XmpPacket() if base is None else XmpPacket(self._cleaned(base))
        if not self.keywords.paths and old == base and not own_subject(packet):
            return Outcome("bare")
        apply_keywords(packet, self.keywords)
        content = packet.to_bytes()
        if old is not None and _is_same(old, content):
            return Outcome("kept", has_sidecar=True)
        with atomic_write(target) as partial:
            partial.write_bytes(content)
        return Outcome("written", has_sidecar=True)

    def _cleaned(self, xmp: bytes) -> bytes:
        """Return an original's sidecar without what its copy must not show."""
        if not self.area.is_empty and self.place.copy is not None:
            xmp = without_pictures(xmp) or xmp
        return remove_from_xmp(xmp) if self.config.remove_gps else xmp

    def _check_free(self, path: Path) -> None:
        if not path.exists():
            return
        if not is_url(self.photo.path) and path.samefile(self.photo.path):
            raise InputError(f"'{path}' is the photo itself: choose another --copy-to")
        if not self.config.overwrite:
            raise InputError(f"'{path}' exists and differs: add --overwrite")


def _is_same(old: bytes, content: bytes) -> bool:
    """Return whether a sidecar has just this content, perhaps in another layout."""
    return old == content or XmpPacket(old).to_bytes() == content


def _read(path: Path | None) -> bytes | None:
    try:
        return None if path is None else path.read_bytes()
    except FileNotFoundError:
        return None


def _copy_time(source: str, copy: Path) -> None:
    if not is_url(source):
        status = Path(source).stat()
        os.utime(copy, ns=(status.st_atime_ns, status.st_mtime_ns))


def _os_reason(error: OSError, photo: TaggedPhoto) -> str:
    own = error.filename is None or str(error.filename) == photo.path
    return reason(error) if own else f"'{redact_urls(str(error.filename))}': {reason(error)}"
