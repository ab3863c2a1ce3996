"""Photos that nobody has named: `ctc label PHOTOS --store FILE`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from ctc._version import __version__
from ctc.artifacts.cameras.card_folders import camera_folder
from ctc.artifacts.review.about import StoreAbout
from ctc.artifacts.review.records import ReviewEvent, ReviewLabel, ReviewPhoto
from ctc.artifacts.review.store import ReviewStore
from ctc.artifacts.taxonomy_file import read_taxonomy
from ctc.errors import InputError, UsageError, reason
from ctc.images.metadata.exif import exif_threads, read_exifs
from ctc.inference.events.event import Event
from ctc.inference.events.sources import find_events
from ctc.reporting import ProgressBar, Reporter, counted
from ctc.storage.paths import is_remote
from ctc.storage.text_encoding import detect_encoding

_PLACE_COLUMNS = ("location", "locationName", "deploymentID", "camera", "place")
_TEXT = ".txt"


def with_class_file(labels: Sequence[ReviewLabel], path: Path) -> tuple[ReviewLabel, ...]:
    """Return the labels, the first of which has the classes of a file, and no others.

    Raises CtcError for a file that can't be read or has no classes.
    """
    first, *others = labels
    if first.classes:
        raise UsageError(
            f"--classes and --label {first.name}=… both name classes: give one of them"
        )
    return (replace(first, classes=read_classes(path), is_open=False), *others)


def read_classes(path: Path) -> tuple[str, ...]:
    """Return the classes of a text with one per line, or of a taxonomy in a CSV."""
    if path.suffix.lower() != _TEXT:
        rows = read_taxonomy(path, ())
        return tuple(dict.fromkeys(row.key for row in rows if row.key))
    try:
        lines = path.read_text(encoding=detect_encoding(path)).splitlines()
    except (OSError, UnicodeError) as error:
        raise UsageError(f"the class list '{path}' can't be read: {reason(error)}") from None
    classes = tuple(dict.fromkeys(filter(None, map(str.strip, lines))))
    if not classes:
        raise InputError(f"the class list '{path}' is empty: write one class per line")
    return classes


def load_photos(
    sources: Sequence[Path],
    store: ReviewStore,
    labels: Sequence[ReviewLabel],
    events_within: float,
    reporter: Reporter,
) -> list[str]:
    """Replace the events of a store by those of photos; answers stay. Return lines to print.

    Raises CtcError for sources that are missing or hold no photo.
    """
    has_folder = any(source.is_dir() for source in sources if not is_remote(source))
    found = find_events(sources, max_gap=events_within if has_folder else None)
    root = _common_root(sources)
    about = replace(
        StoreAbout(made_by=f"ctc {__version__}"), photo_root="" if root is None else str(root)
    )
    with reporter.progress("Reading times", found.photos) as bar:
        events = list(_events(found, root, bar))
    result = store.replace_events(events, labels, about)
    lines = [*found.notes, f"{result.events:,} events with {counted(found.photos, 'photo')}"]
    if result.answered:
        lines.append(f"{counted(result.answered, 'event is', 'events are')} answered")
    return lines


@dataclass(frozen=True)
class _Paths:
    """Paths as the store keeps them: below `root`, else absolute."""

    root: Path | None

    def kept(self, path: str) -> str:
        if is_remote(path):
            return path
        whole = os.path.abspath(path)  # noqa: PTH100, millions of them
        if self.root is None:
            return whole
        return os.path.relpath(whole, self.root).replace(os.sep, "/")


def _events(events: Iterable[Event], root: Path | None, bar: ProgressBar) -> Iterator[ReviewEvent]:
    """Yield the events with the EXIF times of their photos."""
    paths, found = _Paths(root), list(events)
    images = [image for event in found for image in event.images]
    exifs = read_exifs(images, exif_threads(images[0]))
    for position, event in enumerate(found):
        times = [
            "" if exif.taken is None else exif.taken.isoformat(timespec="seconds")
            for exif in islice(exifs, len(event.images))
        ]
        kept = [paths.kept(path) for path in event.images]
        name = kept[0] if event.id == event.images[0] else event.id
        yield ReviewEvent(
            key="",
            id=name,
            position=position,
            photos=tuple(map(ReviewPhoto, kept, times)),
            place=_place(event, kept[0]),
            time=min(filter(None, times), default=""),
            meta={key: str(value) for key, value in event.meta.items() if value is not None},
        )
        bar.advance(len(kept))


def _place(event: Event, path: str) -> str:
    """Return the place that a column names, else the folder of the camera."""
    named = (str(event.meta[name]) for name in _PLACE_COLUMNS if event.meta.get(name))
    return next(named, camera_folder(path.rpartition("/")[0]))


def _common_root(sources: Sequence[Path]) -> Path | None:
    """Return the folder that is the only source, None for others."""
    if len(sources) == 1 and not is_remote(sources[0]) and sources[0].is_dir():
        return sources[0].absolute()
    return None
