"""EXIF fields, and robustness to damage."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.TiffImagePlugin import IFDRational
from reconyx_notes import hyperfire

from ctc.images.metadata.camera_data import CameraData
from ctc.images.metadata.exif import Exif, read_exif, read_exifs

CHANGED, MAKE, MODEL = 0x0132, 0x010F, 0x0110
ORIGINAL, DIGITIZED, ORIGINAL_FRACTION, SERIAL = 0x9003, 0x9004, 0x9291, 0xA431
MAKER_NOTE = 0x927C
NAIROBI = {1: "S", 2: (1.0, 17.0, 11.4), 3: "E", 4: (36.0, 49.0, 2.0)}
Tags = Mapping[int, Any]


def photo(
    main: Tags | None = None,
    details: Tags | None = None,
    position: Tags | None = None,
    kind: str = "JPEG",
) -> bytes:
    exif = Image.Exif()
    exif.get_ifd(0x8769).update(details or {})
    exif.get_ifd(0x8825).update(position or {})
    # Pillow puts the two parts where these tags are
    exif.update({**(main or {}), 0x8769: 0, 0x8825: 0})
    file = io.BytesIO()
    Image.new("RGB", (16, 12)).save(file, kind, exif=exif)
    return file.getvalue()


def exif_of(tmp_path: Path, *parts: Any, **more: Any) -> Exif:
    path = tmp_path / "photo"
    path.write_bytes(photo(*parts, **more))
    return read_exif(path)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_read_exif_reads_all_fields_of_each_format(tmp_path: Path, kind: str) -> None:
    details = {ORIGINAL: "2026:02:03 04:05:06", ORIGINAL_FRACTION: "25", SERIAL: "H500\0\0"}
    assert exif_of(
        tmp_path, {MAKE: "RECONYX", MODEL: " HC500 "}, details, NAIROBI, kind=kind
    ) == Exif(
        taken=datetime(2026, 2, 3, 4, 5, 6, 250_000),
        make="RECONYX",
        model="HC500",
        serial="H500",
        latitude=pytest.approx(-1.2865),
        longitude=pytest.approx(36.817222),
    )


@pytest.mark.parametrize(
    ("main", "details", "year"),
    [
        (
            {CHANGED: "2003:01:01 00:00:00"},
            {ORIGINAL: "2001:01:01 00:00:00", DIGITIZED: "2002:01:01 00:00:00"},
            2001,
        ),
        (
            {CHANGED: "2003:01:01 00:00:00"},
            {ORIGINAL: "0000:00:00 00:00:00", DIGITIZED: "2002:01:01 00:00:00"},
            2002,
        ),
        ({CHANGED: "2003-01-01T00:00:00"}, {DIGITIZED: "    :  :     :  :  "}, 2003),
    ],
    ids=["original", "digitized", "changed"],
)
def test_read_exif_prefers_time_of_capture(
    tmp_path: Path, main: Tags, details: Tags, year: int
) -> None:
    taken = exif_of(tmp_path, main, details).taken
    assert taken == datetime(year, 1, 1)


@pytest.mark.parametrize(
    "text", ["", "0000:00:00 00:00:00", "2026:13:01 00:00:00", "2026:02:30 00:00:00", "soon"]
)
def test_read_exif_invalid_time_is_none(tmp_path: Path, text: str) -> None:
    assert exif_of(tmp_path, {CHANGED: text}, {ORIGINAL: text}).taken is None


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("2024/05/01 06:00:00 PM", datetime(2024, 5, 1, 18)),
        ("2024:05:01 12:00:00 AM", datetime(2024, 5, 1)),
        ("2024:05:01 12:00:00pm", datetime(2024, 5, 1, 12)),
        ("2024:05:01 06:00:00.250", datetime(2024, 5, 1, 6, 0, 0, 250_000)),
        ("2024:05:01 06:00:00+02:00", datetime(2024, 5, 1, 6)),
        ("2024:05:01 13:00:00 PM", None),
    ],
)
def test_read_exif_reads_what_follows_the_seconds(
    tmp_path: Path, text: str, taken: datetime | None
) -> None:
    assert exif_of(tmp_path, {}, {ORIGINAL: text}).taken == taken


@pytest.mark.parametrize("fraction", ["", "x", "1234567890"])
def test_read_exif_ignores_invalid_fraction_of_second(tmp_path: Path, fraction: str) -> None:
    taken = exif_of(
        tmp_path, {}, {ORIGINAL: "2026:01:01 00:00:00", ORIGINAL_FRACTION: fraction}
    ).taken
    assert taken is not None
    assert taken.replace(microsecond=0) == datetime(2026, 1, 1)


@pytest.mark.parametrize(
    "wrong",
    [
        {1: ""},
        {2: (91.0, 0.0, 0.0)},
        {2: (IFDRational(0, 0), 0.0, 0.0)},
        {2: (1.0, 2.0)},
        {4: (180.0, 0.0, 1.0)},
        {2: (0.0, 0.0, 0.0), 4: (0.0, 0.0, 0.0)},
    ],
    ids=[
        "no hemisphere",
        "beyond the pole",
        "not a number",
        "no seconds",
        "beyond the date line",
        "both zero",
    ],
)
def test_read_exif_invalid_position_is_none(tmp_path: Path, wrong: Tags) -> None:
    exif = exif_of(tmp_path, {}, {}, {**NAIROBI, **wrong})
    assert (exif.latitude, exif.longitude) == (None, None)


def test_read_exif_without_exif_is_empty(tmp_path: Path) -> None:
    assert exif_of(tmp_path) == Exif()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "no such file or directory"),
        (b"", "not an image"),
        (b"%PDF-1.4", "a PDF, not a photo"),
        (b"text", "not an image"),
        (b"\xff\xd8\xff", "not"),
    ],
)
def test_read_exif_of_other_file_has_error(
    tmp_path: Path, content: bytes | None, reason: str
) -> None:
    if content is not None:
        (tmp_path / "a.jpg").write_bytes(content)
    assert reason in read_exif(tmp_path / "a.jpg").error


def test_read_exif_of_folder_has_error(tmp_path: Path) -> None:
    assert read_exif(tmp_path).error in ("is a directory", "not a file", "permission denied")


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.tuples(st.integers(0, 330), st.integers(0, 255)), max_size=6), st.integers(20, 800)
)
def test_read_exif_never_raises(
    tmp_path: Path, changes: list[tuple[int, int]], length: int
) -> None:
    data = bytearray(photo({MAKE: "X", CHANGED: "2026:01:01 00:00:00"}, {SERIAL: "1"}, NAIROBI))
    for place, value in changes:
        data[place] = value
    (tmp_path / "photo").write_bytes(data[:length])
    assert isinstance(read_exif(tmp_path / "photo"), Exif)


def test_read_exifs_is_ordered_and_bounded(tmp_path: Path) -> None:
    paths = []
    for number in range(1000):
        paths.append(tmp_path / f"{number}.jpg")
        paths[-1].write_bytes(photo({MODEL: f"camera {number}"}))
    remaining = iter(paths)
    exifs = read_exifs(remaining, threads=2)
    first = next(exifs)
    assert len(list(remaining)) >= 800
    assert [exif.model for exif in (first, *exifs)][:100] == [
        f"camera {number}" for number in range(100)
    ]


def test_read_exif_real_photos_have_time(shared: Path) -> None:
    folder = shared / "data" / "camera-trap-photos"
    names = ["blank.jpg", "african_elephants_truncated_file.jpg", "american_black_bear.jpg"]
    exifs = list(read_exifs(folder / name for name in names))
    assert [exif.taken for exif in exifs] == [
        datetime(2016, 9, 25, 18, 35, 10),
        datetime(2010, 8, 4, 8, 43, 15),
        datetime(2010, 11, 6, 4, 4),  # its maker note alone has it
    ]
    assert (exifs[0].make, exifs[0].model) == ("RECONYX", "HC550 HYPERFIRE")
    assert [exif.serial for exif in exifs] == ["H550HH12223408", None, "P800BD05003063"]


def test_read_exif_prefers_standard_tags_to_maker_note(tmp_path: Path) -> None:
    standard = {ORIGINAL: "2026:02:03 04:05:06", SERIAL: "S1"}
    found = exif_of(tmp_path, {MAKE: "Make"}, {**standard, MAKER_NOTE: hyperfire()})
    assert (found.taken, found.serial, found.make) == (datetime(2026, 2, 3, 4, 5, 6), "S1", "Make")


def test_read_exif_takes_temperature_of_standard_tag(tmp_path: Path) -> None:
    found = exif_of(tmp_path, {MODEL: "M"}, {0x9400: IFDRational(-125, 10)})
    assert (found.data, found.read_from) == (CameraData(temperature=-12.5), "exif")


@pytest.mark.parametrize("value", [IFDRational(1, 0), IFDRational(9999, 1), "warm"])
def test_read_exif_ignores_impossible_temperatures(tmp_path: Path, value: Any) -> None:
    assert exif_of(tmp_path, {}, {0x9400: value}).data.temperature is None


def test_read_exif_tells_of_notes_that_it_cannot_read(tmp_path: Path) -> None:
    found = exif_of(tmp_path, {MAKE: "Canon"}, {MAKER_NOTE: b"Canon's own"})
    assert (found.note, found.read_from) == ("other", "exif")


@pytest.mark.parametrize("note", [b"", b"\x01\xf1", b"RECONYXH2\0", b"RECONYXUF\0\xff", b"Nikon\0"])
def test_read_exif_ignores_short_or_other_maker_notes(tmp_path: Path, note: bytes) -> None:
    found = exif_of(tmp_path, {}, {MAKER_NOTE: note})
    assert (found.taken, found.model, found.serial, found.error) == (None, None, None, "")
