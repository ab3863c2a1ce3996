"""The output of one photo: its copy, its sidecar, or both."""

from __future__ import annotations

import errno
import filecmp
import os
import shutil
from pathlib import Path
from typing import Literal, NamedTuple

from ctc.errors import ImageError, InputError, reason
from ctc.images import read_photo
from ctc.images.files import check_regular_file
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

_ENDS_ALL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EMFILE}
_DIFFERS = "'{path}' exists and differs: add --overwrite"


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


def write_photo(photo: TaggedPhoto, place: Place, keywords: Keywords, config: TagConfig) -> Outcome:
    """Write what belongs to a photo; raises OSError for a full or read-only disk."""
    area = find_area(photo, config.blur, config.blur_confidence)
    try:
        if place.copy is None:
            check_regular_file(photo.path)
            return _write_sidecar(place, keywords, area, config)
        if photo.is_clip:
            return _copy_clip(photo, place, place.copy, keywords, area, config)
        return _copy_photo(photo, place, place.copy, keywords, area, config)
    except OSError as error:
        if error.errno in _ENDS_ALL:
            raise
        return Outcome("failed", _os_reason(error, photo))
    except (ImageError, InputError) as error:
        return Outcome("failed", str(error))


def _copy_photo(
    photo: TaggedPhoto,
    place: Place,
    copy: Path,
    keywords: Keywords,
    area: BlurArea,
    config: TagConfig,
) -> Outcome:
    data = read_photo(photo.path)
    if not area.is_empty:
        data = blur_photo(data, area, copy.suffix)
    if config.remove_gps:
        data = remove_coordinates(data)
    embedded = None if place.only_sidecar else embed_keywords(data, keywords)
    content = data if embedded is None else embedded
    is_kept = copy.exists() and copy.read_bytes() == content
    if not is_kept:
        _check_free(copy, config)
        with atomic_write(copy) as partial:
            partial.write_bytes(content)
            _copy_time(photo.path, partial)
    blurred = not area.is_empty
    if embedded is not None:
        return Outcome("kept" if is_kept else "written", is_blurred=blurred)
    beside = _write_sidecar(place, keywords, area, config)
    return Outcome(_state(is_kept, beside), has_sidecar=beside.has_sidecar, is_blurred=blurred)


def _copy_clip(
    photo: TaggedPhoto,
    place: Place,
    copy: Path,
    keywords: Keywords,
    area: BlurArea,
    config: TagConfig,
) -> Outcome:
    if not area.is_empty:
        raise ImageError("it is a clip with something to blur, and clips can't be blurred")
    if config.remove_gps:
        raise ImageError("it is a clip, from which coordinates can't be removed")
    source = local_copy(parse_path(photo.path))
    is_kept = copy.exists() and filecmp.cmp(source, copy, shallow=False)
    if not is_kept:
        _check_free(copy, config)
        with atomic_write(copy) as partial:
            shutil.copyfile(source, partial)
            _copy_time(photo.path, partial)
    beside = _write_sidecar(place, keywords, area, config)
    return Outcome(_state(is_kept, beside), has_sidecar=beside.has_sidecar)


def _write_sidecar(place: Place, keywords: Keywords, area: BlurArea, config: TagConfig) -> Outcome:
    """Write the keywords into a sidecar, whose other contents stay."""
    old = _read(place.sidecar)
    base = old if old is not None else _read(place.old_sidecar)
    packet = XmpPacket() if base is None else XmpPacket(_cleaned(base, area, config))
    if not keywords.paths and (base is None or not own_subject(packet)) and old == base:
        return Outcome("bare")
    apply_keywords(packet, keywords)
    content = packet.to_bytes()
    if old is not None and _is_same(old, content):
        return Outcome("kept", has_sidecar=True)
    with atomic_write(place.sidecar) as partial:
        partial.write_bytes(content)
    return Outcome("written", has_sidecar=True)


def _state(is_kept: bool, beside: Outcome) -> Literal["written", "kept"]:
    return "kept" if is_kept and beside.state != "written" else "written"


def _is_same(old: bytes, content: bytes) -> bool:
    """Return whether a sidecar has just this content, perhaps in another layout."""
    return old == content or XmpPacket(old).to_bytes() == content


def _cleaned(xmp: bytes, area: BlurArea, config: TagConfig) -> bytes:
    """Return an original's sidecar without what its copy must not show."""
    if not area.is_empty:
        xmp = without_pictures(xmp) or xmp
    return remove_from_xmp(xmp) if config.remove_gps else xmp


def _read(path: Path | None) -> bytes | None:
    try:
        return None if path is None else path.read_bytes()
    except FileNotFoundError:
        return None


def _check_free(path: Path, config: TagConfig) -> None:
    if path.exists() and not config.overwrite:
        raise InputError(_DIFFERS.format(path=path))


def _copy_time(source: str, copy: Path) -> None:
    if not is_url(source):
        status = Path(source).stat()
        os.utime(copy, ns=(status.st_atime_ns, status.st_mtime_ns))


def _os_reason(error: OSError, photo: TaggedPhoto) -> str:
    own = error.filename is None or str(error.filename) == photo.path
    return reason(error) if own else f"'{redact_urls(str(error.filename))}': {reason(error)}"
