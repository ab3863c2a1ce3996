"""Tables of a COCO Camera Traps file, small enough for millions of rows."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ctc.errors import InputError
from ctc.images.listing.photo_paths import normalize_path
from ctc.plugin import Box, LeftOut

from .duplicates import resolve_duplicate
from .json_entry import EntryError, JsonEntry

EMPTY = "empty"
EMPTY_NAMES = frozenset({"background", "blank", EMPTY, "no animal", "none", "nothing"})
NO_BOX = "its box: outside its image, or the image has no width and height"
_DROPPED = -1


class Image(NamedTuple):
    """Fields of an image that are kept."""

    path: str
    sequence: str | None
    frame: float | None
    datetime: str | None
    location: str | None
    corrupt: bool
    width: float | None = None
    height: float | None = None


class AnnotatedLabel(NamedTuple):
    """Label of an annotation: a category and a count as text.

    The category is first the id, after `CocoTables.annotations` the class.
    """

    category: str
    amount: str | None


class CocoTables:
    """Images, categories and annotations, added in any order.

    Ids are text, so that 7 and "7" are the same. Each `add_…` returns what it left out, and raises
    EntryError, without a change, for an entry that can't be used.
    """

    def __init__(self, source: Path, first_wins: bool, zero_class: str | None) -> None:
        self._source = source
        self._first_wins = first_wins
        self._zero_class = zero_class
        self._image_numbers: dict[str, int] = {}  # by image id, in order of first mention
        self._images: list[Image | None] = []
        self._categories: dict[str, str] = {}
        self._annotation_positions: dict[str, int] = {}
        self._annotation_images = array("q")  # image number of each annotation
        self._annotation_labels = array("q")
        self._boxes: dict[int, tuple[float, float, float, float]] = {}  # by annotation
        self._label_numbers: dict[AnnotatedLabel, int] = {}
        self._interned: dict[str, str] = {}

    def add_image(self, entry: JsonEntry) -> LeftOut | None:
        image_id = entry.required_text("id")
        image = Image(
            normalize_path(entry.required_text("file_name")),
            self._intern(entry.text("seq_id")),
            entry.number("frame_num"),
            entry.text("datetime"),
            self._intern(entry.text("location", decimals=True)),
            entry.flag("corrupt"),
            entry.number("width"),
            entry.number("height"),
        )
        number = self._image_number(image_id)
        known = self._images[number]
        if known is not None:
            return resolve_duplicate(entry.where, "image", known == image, self._first_wins)
        self._images[number] = image
        return LeftOut(image.path, "marked as corrupt") if image.corrupt else None

    def add_category(self, entry: JsonEntry) -> LeftOut | None:
        category, name = entry.required_text("id"), entry.required_text("name").strip()
        if category in self._categories:
            return resolve_duplicate(
                entry.where, "category", self._categories[category] == name, self._first_wins
            )
        self._categories[category] = name
        return None

    def add_annotation(self, entry: JsonEntry) -> LeftOut | None:
        try:
            image_id, annotation_id = entry.required_text("image_id"), entry.text("id")
            label = AnnotatedLabel(entry.required_text("category_id"), entry.text("count"))
        except EntryError:  # keeps its position, which names the others
            self._annotation_images.append(_DROPPED)
            self._annotation_labels.append(_DROPPED)
            raise
        image = self._image_number(image_id)
        label_number = self._label_numbers.setdefault(label, len(self._label_numbers))
        position = len(self._annotation_images)
        first = (
            position
            if annotation_id is None
            else self._annotation_positions.setdefault(annotation_id, position)
        )
        left_out = None
        if first != position:
            same = (self._annotation_images[first], self._annotation_labels[first]) == (
                image,
                label_number,
            )
            left_out = resolve_duplicate(entry.where, "annotation", same, self._first_wins)
            image = _DROPPED
        self._annotation_images.append(image)
        self._annotation_labels.append(label_number)
        if "bbox" in entry.fields and image != _DROPPED:
            left, top, width, height = entry.numbers("bbox", 4)
            self._boxes[position] = (left, top, width, height)
        return left_out

    def images(self) -> Iterator[tuple[int, str, Image]]:
        """Yield (number, id, image) for the images that are not corrupt."""
        for (image_id, number), image in zip(
            self._image_numbers.items(), self._images, strict=True
        ):
            if image is not None and not image.corrupt:
                yield number, image_id, image

    def path_of(self, number: int) -> str:
        """Return the path of an image by its number."""
        image = self._images[number]
        assert image is not None
        return image.path

    def annotations(self) -> Iterator[tuple[int, AnnotatedLabel, Box | None] | LeftOut]:
        """Yield (image number, label, box) for each annotation, with the class for the category id.

        Yields a LeftOut for one whose image or category is missing, nothing for corrupt images.
        """
        labels = [self._resolve_category(label) for label in self._label_numbers]
        for position, (number, label_number) in enumerate(
            zip(self._annotation_images, self._annotation_labels, strict=True)
        ):
            if number == _DROPPED:
                continue
            image, label = self._images[number], labels[label_number]
            if image is None or label is None:
                missing = "image" if image is None else "category"
                where = f"'{self._source}' annotations[{position}]"
                yield LeftOut(where, f"its {missing}_id is not there")
            elif not image.corrupt:
                box = self._box(position, image)
                if box is None and position in self._boxes:
                    yield LeftOut(f"'{self._source}' annotations[{position}]", NO_BOX)
                yield number, label, box

    def _box(self, position: int, image: Image) -> Box | None:
        """Return the box of an annotation, clipped to its image; None if there is none."""
        if position not in self._boxes or not image.width or not image.height:
            return None
        left, top, width, height = self._boxes[position]
        x, right = (_clip(side / image.width) for side in (left, left + width))
        y, bottom = (_clip(side / image.height) for side in (top, top + height))
        return Box(x, y, right - x, bottom - y) if right > x and bottom > y else None

    def _resolve_category(self, label: AnnotatedLabel) -> AnnotatedLabel | None:
        name = self._categories.get(label.category)
        if name is None:
            return None
        if label.category == "0":
            name = self._zero_class or (EMPTY if name.lower() in EMPTY_NAMES else None)
        if name is None:
            raise InputError(
                f"category 0 of '{self._source}' is called '{self._categories['0']}', "
                "but COCO Camera Traps reserves 0 for empty photos: choose its class with "
                f"--category-0 {EMPTY} or --category-0 '{self._categories['0']}'"
            )
        return AnnotatedLabel(EMPTY if name.lower() == EMPTY else name, label.amount)

    def _image_number(self, image_id: str) -> int:
        number = self._image_numbers.setdefault(image_id, len(self._image_numbers))
        if number == len(self._images):
            self._images.append(None)
        return number

    def _intern(self, text: str | None) -> str | None:
        return None if text is None else self._interned.setdefault(text, text)


def _clip(share: float) -> float:
    return min(max(share, 0.0), 1.0)
