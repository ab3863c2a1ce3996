"""The steps of `ctc inventory` after the observations have been read."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ctc.images.clips.frame_choice import FrameChoice

FOLDER, EXIF = "folder", "exif"
NONE, AUTO, BUILTIN, EXIFTOOL = "none", "auto", "builtin", "exiftool"
CAMERA_DATA = (NONE, AUTO, BUILTIN, EXIFTOOL)
"""Who reads what cameras tell of themselves."""


@dataclass(frozen=True)
class InventoryConfig:
    """The steps that are applied to an inventory.

    - `relabel`: CSV with the columns label, old, new, which renames classes.
    - `ignore_case`: find photos whose names on the disk differ in case or Unicode form.
    - `discard_missing`: drop observations that lack a label.
    - `location_from`: FOLDER, EXIF or a meta column, to fill the column `location`.
    - `time_from`: meta columns that, joined by a blank, hold the time; they fill `datetime`.
    - `time_format`: how the times in `time_from` are written; None: recognized.
    - `time_from_exif`: fill the column `datetime`.
    - `time_from_mtime`: the same, with the file's modification time where EXIF has none.
    - `camera_data`: who reads what cameras tell of themselves, one of CAMERA_DATA; AUTO: BUILTIN,
      and EXIFTOOL, if it is installed, for what BUILTIN doesn't know.
    - `clock_offset`: CSV with the clocks that were wrong, which corrects `datetime`.
    - `time_zone`: of the cameras' clocks, which `datetime` is then written with.
    - `events_within`: group single photos into events; the largest gap in seconds between two
      photos of an event.
    - `events_by_sequence`: group single photos that a camera has numbered as those of one trigger.
    - `frames`: which frames of clips are used.
    """

    relabel: Path | None = None
    ignore_case: bool = False
    discard_missing: bool = False
    location_from: str | None = None
    time_from: tuple[str, ...] = ()
    time_format: str | None = None
    time_from_exif: bool = False
    time_from_mtime: bool = False
    camera_data: str = NONE
    clock_offset: Path | None = None
    time_zone: str | None = None
    events_within: float | None = None
    events_by_sequence: bool = False
    frames: FrameChoice = field(default_factory=FrameChoice)

    @property
    def meta_columns(self) -> tuple[str, ...]:
        """The columns of the source that the steps need."""
        location = self.location_from
        return (*self.time_from, *([location] if location not in (None, FOLDER, EXIF) else []))

    @property
    def groups_photos(self) -> bool:
        """Whether single photos are grouped into events."""
        return self.events_within is not None or self.events_by_sequence

    @property
    def reads_photos(self) -> bool:
        """Whether the headers of photos are read."""
        reads_time = self.time_from_exif or self.time_from_mtime
        return reads_time or self.location_from == EXIF or self.camera_data != NONE


DEFAULT_CONFIG = InventoryConfig()
