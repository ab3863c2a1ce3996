"""One folder per class with links to its photos, or copies; photos are never moved.

The photos of an event go together into the folder of the event's class or, for a multi-label label,
of every class that is present. A link's name shows where the photo is from: `north/day
1/IMG_01.jpg` is linked as `north__day 1__IMG_01.jpg`, with a number where that name is taken.
`_failed.csv` lists the photos that are in no folder.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain, count
from pathlib import Path

from ctc.artifacts.predictions import EventPrediction, Failure
from ctc.errors import ImageError, InputError, reason
from ctc.images import read_photo
from ctc.plugin import Option, OutputContext, OutputFormat, hookimpl
from ctc.storage.csv_writer import open_rows
from ctc.storage.paths import absolute_path, is_url, relative_path

from .csv_table import EXCEL
from .label_option import LABEL, selected_label

COPY = Option("copy", "Copy the photos instead of linking to them.", "flag", default=False)
FAILURES_FILE = "_failed.csv"
MAX_BYTES = 200
"""Length of a name; file systems allow 255 bytes, and a number may be appended."""
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
_RESERVED = re.compile(
    r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE | re.DOTALL
)


@hookimpl
def ctc_output_formats() -> list[OutputFormat]:
    summary = "a folder per class with links to its photos, or copies"
    return [OutputFormat("folders", summary, (), write, options=(LABEL, COPY, EXCEL), folder=True)]


def write(entries: Iterator[EventPrediction | Failure], path: Path, context: OutputContext) -> None:
    """Write the folders.

    Raises UsageError for a label that the model doesn't have, InputError where the system can't
    link.
    """
    label = selected_label(context)
    path.mkdir()
    folders = _ClassFolders(path, context.image_root, _copy if context.options[COPY.key] else _link)
    for name in context.labels[label]:
        folders.folder_name(name)
    with open_rows(path / FAILURES_FILE, context.options[EXCEL.key]) as failed:
        failed.writerow(["path", "reason"])
        for entry in entries:
            failures = (
                folders.add_event(entry, label) if isinstance(entry, EventPrediction) else [entry]
            )
            failed.writerows((failure.path, failure.reason) for failure in failures)


@dataclass
class _ClassFolders:
    """Class folders below `path`, by class name; photo paths are relative to `root`."""

    path: Path
    root: Path
    link_or_copy: Callable[[str, Path], None]
    folder_names: dict[str, str] = field(default_factory=dict)
    next_numbers: dict[Path, int] = field(default_factory=dict)

    def folder_name(self, class_name: str) -> str:
        """Return the folder of a class, unique also on systems that ignore case."""
        if class_name not in self.folder_names:
            wanted = safe_name(class_name)
            taken = {FAILURES_FILE, *(name.casefold() for name in self.folder_names.values())}
            choices = chain([wanted], (f"{wanted}-{number}" for number in count(2)))
            self.folder_names[class_name] = next(
                name for name in choices if name.casefold() not in taken
            )
        return self.folder_names[class_name]

    def add_event(self, event: EventPrediction, label: str) -> Iterator[Failure]:
        """Place an event's photos; yields those that can't be read any more."""
        folders = [self.path / self.folder_name(name) for name, _ in event.predicted_classes(label)]
        for folder in folders:
            folder.mkdir(exist_ok=True)
        for photo in event.images:
            origin = relative_path(photo.path, self.root) or absolute_path(photo.path).lstrip("/")
            try:
                for folder in folders:
                    self._place_photo(photo.path, folder / safe_name(origin.replace("/", "__")))
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


def safe_name(text: str) -> str:
    """Return a valid file name on every system, at most MAX_BYTES long.

    A longer text keeps its end. Two texts may get the same name.
    """
    name = _FORBIDDEN.sub("_", text).rstrip(". ").lstrip()
    while len(os.fsencode(name)) > MAX_BYTES:
        name = name[1:]
    return f"_{name}" if not name or name.startswith(".") or _RESERVED.fullmatch(name) else name


def with_number(name: str, number: int) -> str:
    """Return "a.jpg", "a-2.jpg", "a-3.jpg", … for "a.jpg" and the numbers 1, 2, 3, …"""
    stem, suffix = os.path.splitext(name)
    return name if number == 1 else f"{stem}-{number}{suffix}"


def _link(photo: str, destination: Path) -> None:
    """Create a symbolic link, or a hard one where symbolic links are not permitted.

    Windows allows symbolic links to administrators and developers only.
    """
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
    data = read_photo(photo)
    with destination.open("xb") as target:
        target.write(data)
    if not is_url(photo):
        shutil.copystat(photo, destination)
