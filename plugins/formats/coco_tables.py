"""The images, categories and annotations of a COCO Camera Traps file, small enough for millions of each."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ctc.errors import InputError
from ctc.images.photo_paths import plain
from ctc.plugin import LeftOut

from .duplicates import repeated
from .json_entry import Entry

EMPTY = "empty"
WORDS_FOR_EMPTY = frozenset({"background", "blank", EMPTY, "no animal", "none", "nothing"})
_DROPPED = -1


class Image(NamedTuple):
    """What is kept of an image."""

    path: str
    sequence: str | None
    frame: float | None
    datetime: str | None
    location: str | None
    corrupt: bool


class Answer(NamedTuple):
    """What an annotation says: a category (first its id, in the end its class), and a count as text."""

    category: str
    amount: str | None


class Tables:
    """Filled entry by entry, in any order; ids are text, so that 7 and "7" are the same. Each `add` says what it left out."""

    def __init__(self, source: Path, first_wins: bool, class_of_zero: str | None) -> None:
        self._source = source
        self._first_wins = first_wins
        self._class_of_zero = class_of_zero
        self._numbers: dict[str, int] = {}  # of images, by id, whoever names them first
        self._images: list[Image | None] = []
        self._categories: dict[str, str] = {}
        self._annotations: dict[str, int] = {}
        self._images_of = array("q")  # of annotations
        self._answers_of = array("q")
        self._answers: dict[Answer, int] = {}
        self._shared: dict[str, str] = {}

    def add_image(self, entry: Entry) -> LeftOut | None:
        number = self._number(entry.name("id"))
        image = Image(
            plain(entry.name("file_name")),
            self._share(entry.text("seq_id")),
            entry.number("frame_num"),
            entry.text("datetime"),
            self._share(entry.text("location")),
            entry.flag("corrupt"),
        )
        known = self._images[number]
        if known is not None:
            return repeated(entry.where, "image", known == image, self._first_wins)
        self._images[number] = image
        return LeftOut(image.path, "marked as corrupt") if image.corrupt else None

    def add_category(self, entry: Entry) -> LeftOut | None:
        category, name = entry.name("id"), entry.name("name").strip()
        if category in self._categories:
            return repeated(entry.where, "category", self._categories[category] == name, self._first_wins)
        self._categories[category] = name
        return None

    def add_annotation(self, entry: Entry) -> LeftOut | None:
        image = self._number(entry.name("image_id"))
        answer = self._answers.setdefault(Answer(entry.name("category_id"), entry.text("count")), len(self._answers))
        position = len(self._images_of)
        own_id = entry.text("id")
        first = position if own_id is None else self._annotations.setdefault(own_id, position)
        left_out = None
        if first != position:
            same = (self._images_of[first], self._answers_of[first]) == (image, answer)
            left_out = repeated(entry.where, "annotation", same, self._first_wins)
            image = _DROPPED
        self._images_of.append(image)
        self._answers_of.append(answer)
        return left_out

    def images(self) -> Iterator[tuple[int, str, Image]]:
        """(number, id, image), but for the corrupt ones."""
        for (own_id, number), image in zip(self._numbers.items(), self._images, strict=True):
            if image is not None and not image.corrupt:
                yield number, own_id, image

    def annotations(self) -> Iterator[tuple[int, Answer] | LeftOut]:
        """(number of its image, answer with the class in place of the category), or why there is none; none for corrupt images."""
        answers = [self._with_class(answer) for answer in self._answers]
        for position, (number, answer_number) in enumerate(zip(self._images_of, self._answers_of, strict=True)):
            if number == _DROPPED:
                continue
            image, answer = self._images[number], answers[answer_number]
            if image is None or answer is None:
                missing = "image" if image is None else "category"
                where = f"'{self._source}' annotations[{position}]"
                yield LeftOut(where, f"its {missing}_id is not there")
            elif not image.corrupt:
                yield number, answer

    def _with_class(self, answer: Answer) -> Answer | None:
        name = self._categories.get(answer.category)
        if name is None:
            return None
        if answer.category == "0":
            name = self._class_of_zero or (EMPTY if name.lower() in WORDS_FOR_EMPTY else None)
        if name is None:
            raise InputError(
                f"'{self._source}' calls category 0 '{self._categories['0']}', but COCO Camera Traps keeps 0 for empty photos: "
                f"say which it is with --category-0 {EMPTY} or --category-0 '{self._categories['0']}'"
            )
        return Answer(EMPTY if name.lower() == EMPTY else name, answer.amount)

    def _number(self, image_id: str) -> int:
        number = self._numbers.setdefault(image_id, len(self._numbers))
        if number == len(self._images):
            self._images.append(None)
        return number

    def _share(self, text: str | None) -> str | None:
        return None if text is None else self._shared.setdefault(text, text)
