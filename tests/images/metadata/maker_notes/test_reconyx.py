"""The layouts of Reconyx's maker notes."""

from __future__ import annotations

import struct
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from reconyx_notes import (
    hyperfire,
    hyperfire_2,
    hyperfire_4k,
    microfire,
    ultrafire,
)

from ctc.images.metadata.camera_data import CameraData
from ctc.images.metadata.exif import read_exif
from ctc.images.metadata.maker_notes.reconyx import MakerNote, parse_maker_note

TAKEN = datetime(2021, 12, 24, 23, 5, 9)
DATA = CameraData(
    temperature=-6,
    trigger="activityDetection",
    sequence=2,
    sequence_length=5,
    trigger_number=70_000,
    flash=True,
    moon_phase="waning gibbous",
    battery=8.1,
    label="NORTH 7",
)


@pytest.mark.parametrize("note", [ultrafire(), hyperfire_2(), microfire(), hyperfire_4k()])
def test_parse_maker_note_reads_each_layout(note: bytes) -> None:
    assert parse_maker_note(note) == MakerNote(TAKEN, None, "H5X0123", DATA)


@pytest.mark.parametrize("note", [hyperfire(), hyperfire(">"), hyperfire(swapped=True)])
def test_parse_maker_note_takes_label_of_new_hyperfire_for_its_model(note: bytes) -> None:
    expected = MakerNote(TAKEN, "HC500 HYPERFIRE", "H5X0123", replace(DATA, label=None))
    assert parse_maker_note(note) == expected


def test_parse_maker_note_keeps_label_that_users_gave_a_hyperfire() -> None:
    note = parse_maker_note(hyperfire(label=b"NORTH 7"))
    assert note is not None
    assert (note.model, note.data.label) == (None, "NORTH 7")


@pytest.mark.parametrize(
    ("letter", "trigger"), [(b"T", "timeLapse"), (b"P", "manual"), (b"E", "externalSensor")]
)
def test_parse_maker_note_names_triggers(letter: bytes, trigger: str) -> None:
    note = parse_maker_note(hyperfire().replace(b"M\0", letter + b"\0", 1))
    assert note is not None
    assert note.data.trigger == trigger


@pytest.mark.parametrize(("place", "known"), [((1, 1), 1), ((0, 3), None), ((4, 3), None)])
def test_parse_maker_note_takes_only_possible_places_in_a_sequence(
    place: tuple[int, int], known: int | None
) -> None:
    data = bytearray(hyperfire())
    struct.pack_into("<2H", data, 14, *place)
    note = parse_maker_note(bytes(data))
    assert note is not None
    assert note.data.sequence == known


def test_parse_maker_note_has_no_values_that_are_cut_off() -> None:
    note = parse_maker_note(hyperfire()[:38])
    assert note is not None
    assert (note.taken, note.serial) == (TAKEN, None)
    assert (note.data.trigger, note.data.temperature) == ("activityDetection", None)


@pytest.mark.parametrize("note", [b"Nikon\0", "RECONYXH2", None, b""])
def test_parse_maker_note_knows_no_other_notes(note: object) -> None:
    assert parse_maker_note(note) is None


def test_read_exif_reads_temperature_and_sequence_of_real_photos(shared: Path) -> None:
    folder = shared / "data" / "camera-trap-photos"
    blank, bear = (
        read_exif(folder / name).data for name in ("blank.jpg", "american_black_bear.jpg")
    )
    assert blank == CameraData(
        temperature=21,
        trigger="activityDetection",
        sequence=5,
        sequence_length=5,
        trigger_number=115,
        flash=True,
        moon_phase="last quarter",
        battery=8.15,
    )
    assert (bear.temperature, bear.sequence, bear.sequence_length) == (1, 1, 3)
    assert (bear.moon_phase, bear.label) == ("new", "UNIT03-CAM102")
