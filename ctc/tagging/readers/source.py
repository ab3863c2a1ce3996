"""All photos of what a user gives, each with everything that is known of it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ctc.artifacts.failures import failure_path, read_failure_file
from ctc.artifacts.file_kind import describe_other_kind, recognize_kind
from ctc.artifacts.inventory import EVENT_ID, IMAGES, Inventory
from ctc.errors import InputError, UsageError, did_you_mean
from ctc.evaluation.answers.prediction_file import MEGADETECTOR
from ctc.images.clips.names import file_of, is_clip_path
from ctc.images.listing.photo_paths import normalize_path
from ctc.reporting import counted
from ctc.storage.paths import absolute_path, is_url, join_path
from ctc.tagging.readers.inventory import read_inventory
from ctc.tagging.readers.json_events import read_json
from ctc.tagging.readers.megadetector import read_megadetector
from ctc.tagging.readers.moved import find_again
from ctc.tagging.readers.review import read_review
from ctc.tagging.readers.tables import read_table
from ctc.tagging.records import Finding, TaggedPhoto

_STORES = (".sqlite", ".sqlite3", ".db")
_START_BYTES = 4_096
DESCRIPTOR = "datapackage.json"
"""The file that makes a folder a Camtrap DP package."""


@dataclass(frozen=True)
class TagSource:
    """The photos of a source, in its order; `failed`: those that it lists as failed."""

    photos: tuple[TaggedPhoto, ...]
    failed: int = 0


def read_source(source: Path, image_root: Path | None, inventory: Path | None = None) -> TagSource:
    """Read a prediction file of any format, MegaDetector's output, a review or an inventory.

    Frames are united to their clip, and photos that have moved are found below `image_root`.
    `inventory`: names the photos of events, where the file doesn't. Raises CtcError if a file can't
    be read, or an event has no photo.
    """
    _check(source)
    events = None if inventory is None else Inventory.read(inventory)
    try:
        findings = _add_photos(_findings(source, image_root), events)
        failed = sum(1 for _ in read_failure_file(failure_path(source)))
        found = _united(findings, Path.cwd() if image_root is None else image_root, failed)
    except InputError as error:
        text = str(error)
        raise InputError(
            text if text.startswith(f"'{source}'") else f"'{source}': {text}"
        ) from None
    if image_root is not None:
        find_again(found.photos, image_root)
    return found


def _check(source: Path) -> None:
    """Raise UsageError for a source that is missing, or of a kind that is not read."""
    if not source.exists():
        raise UsageError(
            f"'{source}' does not exist: give what `ctc predict` or `ctc review` wrote"
        )
    if (source / DESCRIPTOR).is_file() or source.name == DESCRIPTOR or source.suffix == ".zip":
        raise UsageError(
            f"'{source}' is a Camtrap DP package: make an inventory of it with"
            f" `ctc inventory {shlex.quote(str(source))} --output inventory.parquet`"
        )
    if not source.is_file():
        raise UsageError(
            describe_other_kind(source, "predictions") or f"'{source}' is not a prediction file"
        )


def label_names(photos: Iterable[TaggedPhoto]) -> tuple[str, ...]:
    """Return the labels that have answers, in the order of the file."""
    return tuple(dict.fromkeys(one.label for photo in photos for one in photo.answers))


def choose_labels(photos: Iterable[TaggedPhoto], wanted: Iterable[str]) -> dict[str, str]:
    """Return the root of the keywords by label; `wanted`: LABEL or LABEL=ROOT, none for the first.

    Raises UsageError for a label that has no answers.
    """
    known = label_names(photos)
    found = {}
    for text in list(wanted) or known[:1]:
        label, sign, root = text.partition("=")
        if label not in known:
            raise UsageError(f"there is no label '{label}'{did_you_mean(label, known)}")
        found[label] = root if sign else label[:1].upper() + label[1:]
    return found


def _findings(source: Path, image_root: Path | None) -> Iterator[Finding]:
    name = source.name.lower()
    if name.endswith(_STORES):
        return read_review(source, None if image_root is None else str(image_root))
    if recognize_kind(source) == "inventory":
        return read_inventory(source, image_root)
    if not name.endswith(".json"):
        return read_table(source)
    if name.endswith(MEGADETECTOR) or _is_megadetector(source):
        return read_megadetector(source)
    return read_json(source)


def _is_megadetector(source: Path) -> bool:
    with source.open("rb") as file:
        start = file.read(_START_BYTES)
    keys = (b'"detection_categories"', b'"images"', b'"info"')
    return any(key in start for key in keys) and b'"predictions_top"' not in start


def _add_photos(findings: Iterable[Finding], inventory: Inventory | None) -> Iterator[Finding]:
    """Yield the findings, those of an event for each of its photos in the inventory."""
    images = {} if inventory is None else _images(inventory)
    for found in findings:
        paths = images.get(found.event, ()) if found.event else ()
        if not paths:
            yield found
        for path in paths:
            yield found._replace(path=path, event="")


def _images(inventory: Inventory) -> dict[str, tuple[str, ...]]:
    events, images = (inventory.table[name].to_pylist() for name in (EVENT_ID, IMAGES))
    return {
        event: tuple(join_path(inventory.image_root, path) for path in paths or ())
        for event, paths in zip(events, images, strict=True)
    }


def _united(findings: Iterable[Finding], root: Path, failed: int) -> TagSource:
    photos: dict[str, TaggedPhoto] = {}
    lacking: dict[str, None] = {}
    files = _Files(root)
    for found in findings:
        if found.has_failed:
            failed += 1
            continue
        if not found.path:
            lacking[found.event] = None
            continue
        key, file = files.locate(file_of(found.path))
        photo = photos.get(key)
        if photo is None:
            photo = photos[key] = TaggedPhoto(file, is_clip=is_clip_path(file))
        photo.add(found)
    if lacking:
        are = counted(len(lacking), "event has", "events have")
        raise UsageError(
            f"{are} no photo, such as '{next(iter(lacking))}': give the inventory that was"
            " predicted with --inventory, or predict with --per-photo or as .json"
        )
    if not photos:
        raise InputError("there is no photo in it")
    return TagSource(tuple(photos.values()), failed)


class _Files:
    """Where photos are, given their paths from a root on; folders are looked up once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folders: dict[str, tuple[str, str]] = {}

    def locate(self, path: str) -> tuple[str, str]:
        """Return a key that is the same for all ways to write a path, and the path to open."""
        folder, sign, name = path.rpartition("/")
        if is_url(path) or name in ("", ".", "..") or "\\" in path:
            file = join_path(self._root, path)
            return normalize_path(absolute_path(file)), file
        start = folder + sign
        if start not in self._folders:
            file = join_path(self._root, start or ".")
            key = normalize_path(absolute_path(file))
            self._folders[start] = (key.rstrip("/"), file.rstrip("/"))
        key, file = self._folders[start]
        return f"{key}/{name}", f"{file}/{name}"
