"""One folder per class with links to its photos, or copies; photos are never moved.

The photos of an event go together into the folder of the event's class or, for a multi-label label,
of every class that is present. A link's name shows where the photo is from: `north/day
1/IMG_01.jpg` is linked as `north__day 1__IMG_01.jpg`, with a number where that name is taken.
`_failed.csv` lists the photos that are in no folder. With --crops each box of a detector is cut out
into the folder of its own class, see `ctc.images.crop_folders`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ctc.artifacts.predictions import (
    EventPrediction,
    Failure,
    ImagePrediction,
    box_photos,
)
from ctc.errors import ImageError, InputError, UsageError, reason
from ctc.images import decode, encode_jpeg, read_photo
from ctc.images.clips.names import split_frame_path
from ctc.images.crop_folders import (
    CROP_MARGIN,
    FAILURES_FILE,
    QUALITY,
    BoxedPhoto,
    ClassBox,
    write_crop_folders,
)
from ctc.plugin import Option, OutputContext, OutputFormat, hookimpl
from ctc.storage.csv_writer import open_rows
from ctc.storage.file_names import FolderNames, flat_name, safe_name, with_number
from ctc.storage.paths import absolute_path, is_url

from .csv_table import EXCEL
from .label_option import LABEL, selected_label

COPY = Option("copy", "Copy the photos instead of linking to them.", "flag", default=False)
CROPS = Option(
    "crops",
    "Write the square around each box as a JPEG in place of whole photos; needs --detector.",
    "flag",
    default=False,
)


@hookimpl
def ctc_output_formats() -> list[OutputFormat]:
    summary = "a folder per class with links to its photos, copies, or crops of its boxes"
    options = (LABEL, COPY, CROPS, EXCEL)
    return [OutputFormat("folders", summary, (), write, options=options, folder=True)]


def write(entries: Iterator[EventPrediction | Failure], path: Path, context: OutputContext) -> None:
    """Write the folders.

    Raises UsageError for a label that the model doesn't have and for crops without boxes,
    InputError where the system can't link.
    """
    label = selected_label(context)
    writer = _write_crops if context.options[CROPS.key] else _write_photos
    writer(entries, path, context, label)


def _write_photos(
    entries: Iterator[EventPrediction | Failure], path: Path, context: OutputContext, label: str
) -> None:
    path.mkdir()
    place = _copy if context.options[COPY.key] else _link
    names = FolderNames(context.labels[label], [FAILURES_FILE])
    folders = _ClassFolders(path, context.image_root, place, names)
    with open_rows(path / FAILURES_FILE, context.options[EXCEL.key]) as failed:
        failed.writerow(["path", "reason"])
        for entry in entries:
            failures = (
                folders.add_event(entry, label) if isinstance(entry, EventPrediction) else [entry]
            )
            failed.writerows((failure.path, failure.reason) for failure in failures)


def _write_crops(
    entries: Iterator[EventPrediction | Failure], path: Path, context: OutputContext, label: str
) -> None:
    if context.options[COPY.key]:
        raise UsageError("--copy is for whole photos: leave out --copy or --crops")
    photos = _boxed_photos(entries, label)
    margin = context.settings.get("crop_margin", CROP_MARGIN)
    classes, for_excel = context.labels[label], context.options[EXCEL.key]
    write_crop_folders(photos, path, context.image_root, classes, margin, for_excel)


def _boxed_photos(
    entries: Iterator[EventPrediction | Failure], label: str
) -> Iterator[BoxedPhoto | Failure]:
    for entry in entries:
        if isinstance(entry, Failure):
            yield entry
        else:
            for photo in entry.images:
                yield BoxedPhoto(photo.path, _class_boxes(entry, photo, label))


def _class_boxes(
    event: EventPrediction, photo: ImagePrediction, label: str
) -> tuple[ClassBox, ...]:
    """Return the boxes of a photo; raises UsageError for one that was predicted as a whole."""
    if photo.boxes is None:
        raise UsageError("--crops needs boxes: predict with --detector")
    return tuple(
        ClassBox(
            one.detection.box,
            number,
            tuple(name for name, _ in event.predicted_classes(label, shown)),
        )
        for number, (one, shown) in enumerate(zip(photo.boxes, box_photos(photo), strict=True), 1)
    )


@dataclass
class _ClassFolders:
    """Class folders below `path`; photo paths are relative to `root`."""

    path: Path
    root: Path
    link_or_copy: Callable[[str, Path], None]
    names: FolderNames
    next_numbers: dict[Path, int] = field(default_factory=dict)

    def add_event(self, event: EventPrediction, label: str) -> Iterator[Failure]:
        """Place an event's photos; yields those that can't be read any more."""
        folders = [
            self.path / self.names.folder(name) for name, _ in event.predicted_classes(label)
        ]
        for folder in folders:
            folder.mkdir(exist_ok=True)
        for photo in event.images:
            suffix = ".jpg" * bool(split_frame_path(photo.path))
            name = safe_name(flat_name(photo.path, self.root) + suffix)
            try:
                for folder in folders:
                    self._place_photo(photo.path, folder / name)
            except ImageError as error:
                yield Failure(photo.path, str(error))

    def _place_photo(self, photo: str, target: Path) -> None:
        """Link or copy a photo under the wanted name, with a number where that is taken."""
        while True:
            number = self.next_numbers.get(target, 1)
            try:
                return self.link_or_copy(photo, target.with_name(with_number(target.name, number)))
            except FileExistsError:
                self.next_numbers[target] = number + 1


def _link(photo: str, destination: Path) -> None:
    """Create a symbolic link, or a hard one where symbolic links are not permitted.

    A frame of a clip, which nothing can link to, is written as a JPEG.

    Windows allows symbolic links to administrators and developers only.
    """
    if split_frame_path(photo):
        return _copy(photo, destination)
    if is_url(photo):
        raise InputError(f"can't link to '{photo}', which is not on this machine: add --copy")
    source = Path(absolute_path(photo))
    try:
        destination.symlink_to(source)
    except FileExistsError:
        raise
    except OSError:
        _hard_link(source, destination)


def _hard_link(source: Path, destination: Path) -> None:
    try:
        destination.hardlink_to(source)
    except FileExistsError:
        raise
    except OSError as error:
        raise InputError(
            f"this system can't link to '{source}' ({reason(error)}): add --copy"
        ) from None


def _copy(photo: str, destination: Path) -> None:
    is_frame = split_frame_path(photo) is not None
    data = read_photo(photo)
    if is_frame:
        data = encode_jpeg(decode(data), QUALITY)
    with destination.open("xb") as target:
        target.write(data)
    if not is_frame and not is_url(photo):
        shutil.copystat(photo, destination)
