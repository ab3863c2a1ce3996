"""The answers of an earlier run, kept beside its output: `<output>.answers`.

The file is the journal of that run (`ctc/inference/journal/journal.py`) with the contents of its
photos. What the network said is taken over; events are aggregated and decided about anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any, Generic

from ctc.artifacts.boxes import Box
from ctc.errors import InputError
from ctc.inference.events.event import Event
from ctc.inference.journal.lines import decode_line, is_intact
from ctc.inference.journal.reader import read_header
from ctc.inference.journal.records import from_record
from ctc.inference.task import (
    AnswerCodec,
    EventT,
    PhotoContent,
    PhotoModel,
    PhotoT,
    TaskResult,
)
from ctc.inference.update.content import ContentReader, FileStamp
from ctc.inference.update.index import AnswerIndex, photos_of
from ctc.inference.update.places import Moved, Places
from ctc.inference.update.seen import SeenPhotos
from ctc.storage.paths import is_url, path_beside
from ctc.storage.remote_files import io_threads, local_copy

SUFFIX = ".answers"
_KEPT_LINES = 256


def answers_path(output: Path) -> Path:
    """Return the file beside an output that keeps the answers of its run."""
    return path_beside(output, output.name + SUFFIX)


@dataclass(frozen=True)
class EarlierRun:
    """Names the answers to take over: what the workers of an engine get.

    `folder`: what relative paths start from now. `image_root`: see `RunHeader`, of this run.
    `by_path`: whether an answer depends on the path of its photo, which must be the same then.
    """

    answers: Path
    folder: str
    image_root: str
    by_path: bool

    def read(self, codec: AnswerCodec[PhotoT, EventT]) -> EarlierAnswers[PhotoT, EventT]:
        """Read the file once, to index it; raises InputError for a damaged one."""
        return EarlierAnswers(self, codec)


class EarlierAnswers(Generic[PhotoT, EventT]):
    """Answers by the contents of photos, `find` in a block of `reading`. Threads may share it."""

    def __init__(self, run: EarlierRun, codec: AnswerCodec[PhotoT, EventT]) -> None:
        self.run, self._codec = run, codec
        header = read_header(run.answers)
        if header is None:
            raise InputError(f"'{run.answers}' is not there any more")
        self._before, self._now = Places(header.folder), Places(run.folder)
        self._moved = Moved(header.image_root, run.image_root)
        self.index = AnswerIndex.read(run.answers, self._before)
        self._lock = Lock()
        self._record = lru_cache(_KEPT_LINES)(self._read_record)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Keep the file open for the block."""
        with local_copy(self.run.answers).open("rb") as self._file:
            yield

    def threads(self, default: int) -> int:
        """Return how many threads should look for events."""
        return io_threads(self.run.image_root, default)

    def seen_photos(self) -> SeenPhotos:
        """Return what counts which photos are gone."""
        return SeenPhotos(self.index, self._now)

    def find(
        self, event: Event, model: PhotoModel[PhotoT, EventT], reader: ContentReader
    ) -> TaskResult[EventT] | None:
        """Return the result for an event of which all photos, in this order, were one before.

        None where that isn't so, or one of them failed.
        """
        contents: list[PhotoContent] = []
        for path in event.images:
            content = self._content(path, reader)
            if content is None:
                return None
            contents.append(content)
        if not contents:
            return None
        for number in self.index.events_with([one.digest for one in contents]):
            photos = self._photos(number, event, contents)
            if photos:
                reader.forget(event.images)
                answer = model.event(event, photos)
                return TaskResult((), answer, tuple(contents), is_taken_over=True)
        return None

    def _content(self, path: str, reader: ContentReader) -> PhotoContent | None:
        """Return what a photo holds; None if that is nothing that was there before.

        A file is read only where its time doesn't tell, and a remote one only at the same URL.
        """
        place = self._now.of(path)
        known = self._known_content(place)
        if is_url(path):
            return known and reader.content(path)
        stamp = FileStamp.of(path)
        if stamp is None:
            return None
        if known is not None and stamp.fits(known):
            return known
        return reader.content(path) if self.index.has_size(stamp.size) else None

    def _known_content(self, place: str) -> PhotoContent | None:
        """Return what was at this place before."""
        for candidate in (place, self._moved.earlier(place)):
            for number in self.index.events_at(candidate) if candidate else ():
                paths, contents = photos_of(self._record(number))
                for path, content in zip(paths, contents, strict=False):
                    if self._before.of(path) == candidate:
                        return PhotoContent(*content)
        return None

    def _photos(
        self, number: int, event: Event, contents: Sequence[PhotoContent]
    ) -> tuple[PhotoT, ...]:
        """Return the photos of an earlier event with the paths and values of a new one.

        None of them where the two differ in more than that.
        """
        earlier = from_record(self._record(number), self._codec)
        boxes = event.boxes or (None,) * len(event.images)
        if (
            earlier.prediction is None
            or [one.digest for one in earlier.contents] != [one.digest for one in contents]
            or not self._fits(earlier.prediction.images, event, boxes)
        ):
            return ()
        images: Sequence[Any] = earlier.prediction.images
        return tuple(
            _renamed(photo, path, meta)
            for photo, path, meta in zip(images, event.images, event.metas, strict=True)
        )

    def _fits(self, photos: Sequence[Any], event: Event, boxes: Sequence[Box | None]) -> bool:
        is_same_place = not self.run.by_path or all(
            self._before.of(photo.path) == self._now.of(path)
            for photo, path in zip(photos, event.images, strict=True)
        )
        return is_same_place and tuple(photo.box for photo in photos) == tuple(boxes)

    def _read_record(self, number: int) -> list[Any]:
        start, end = int(self.index.starts[number]), int(self.index.ends[number])
        with self._lock:
            self._file.seek(start)
            line = self._file.read(end - start)
        if not is_intact(line):
            raise InputError(f"'{self.run.answers}' has changed: run the same command again")
        record: list[Any] = decode_line(line)
        return record[1:]


def _renamed(photo: Any, path: str, meta: Mapping[str, Any]) -> Any:
    return replace(photo, path=path, meta=meta)
