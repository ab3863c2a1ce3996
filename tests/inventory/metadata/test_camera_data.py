"""Filling the columns of `--camera-data`."""

from __future__ import annotations

import logging
import subprocess
from pathlib import Path

import pyarrow as pa
import pytest
from drawn_clips import write_clip
from PIL import Image
from reconyx_notes import hyperfire, hyperfire_2

from ctc.artifacts.inventory import Inventory
from ctc.errors import UsageError
from ctc.images.metadata.camera_data import CameraData
from ctc.images.metadata.exif import Exif, read_exif
from ctc.images.metadata.exiftool import find_exiftool
from ctc.inventory.config import InventoryConfig
from ctc.inventory.grouping import group_photos
from ctc.inventory.metadata.camera_reader import open_camera_reader, unite
from ctc.inventory.metadata.exif_metadata import fill_from_photos
from ctc.reporting import NullReporter

NO_PROGRESS = NullReporter().progress
needs_exiftool = pytest.mark.skipif(not find_exiftool(), reason="exiftool is not installed")
COLUMNS = (
    "camera_make",
    "camera_model",
    "camera_serial",
    "camera_label",
    "temperature",
    "trigger",
    "sequence",
    "sequence_length",
    "trigger_number",
    "flash",
    "moon_phase",
    "battery_voltage",
    "camera_data_from",
)


def write_photo(path: Path, note: bytes = b"", make: str = "", taken: str = "") -> str:
    exif = Image.Exif()
    exif.update({0x010F: make} if make else {})
    details = {0x927C: note} if note else {}
    exif.get_ifd(0x8769).update({**details, **({0x9003: taken} if taken else {})})
    exif[0x8769] = 0
    Image.new("RGB", (8, 8)).save(path, "JPEG", exif=exif)
    return path.name


def inventory(root: Path, *events: list[str]) -> Inventory:
    ids = [str(i) for i in range(len(events))]
    columns = {"event_id": ids, "images": list(events), "species": ["fox"] * len(events)}
    return Inventory(pa.table(columns), ("species",), root)


def fill(photos: Inventory, how: str, **more: bool) -> Inventory:
    return fill_from_photos(photos, InventoryConfig(camera_data=how, **more), NO_PROGRESS)


@pytest.mark.parametrize("how", ["builtin", "auto", pytest.param("exiftool", marks=needs_exiftool)])
def test_fill_from_photos_fills_camera_columns(tmp_path: Path, how: str) -> None:
    photo = write_photo(tmp_path / "a.jpg", hyperfire())
    filled = fill(inventory(tmp_path, [photo]), how)
    row = filled.table.select([name for name in COLUMNS if name in filled.meta]).to_pylist()[0]
    assert row == {
        "camera_make": "RECONYX",
        "camera_model": "HC500 HYPERFIRE",
        "camera_serial": "H5X0123",
        "temperature": -6.0,
        "trigger": "activityDetection",
        "sequence": 2,
        "sequence_length": 5,
        "trigger_number": 70_000,
        "flash": "on",
        "moon_phase": "waning gibbous",
        "battery_voltage": 8.1,
        "camera_data_from": "exiftool" if how == "exiftool" else "reconyx",
    }


def test_fill_from_photos_takes_the_first_photo_that_tells_of_its_camera(tmp_path: Path) -> None:
    plain = write_photo(tmp_path / "plain.jpg")
    old = write_photo(tmp_path / "old.jpg", hyperfire(label=b"NORTH"))
    new = write_photo(tmp_path / "new.jpg", hyperfire_2())
    filled = fill(inventory(tmp_path, ["gone.jpg", plain, old, new], [plain]), "builtin")
    assert filled.table["camera_label"].to_pylist() == ["NORTH", None]
    assert filled.table["camera_data_from"].to_pylist() == ["reconyx", None]


def test_fill_from_photos_adds_no_empty_columns(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    made, plain = write_photo(tmp_path / "a.jpg", make="Spypoint"), write_photo(tmp_path / "b.jpg")
    filled = fill(inventory(tmp_path, [made], [plain]), "builtin")
    assert filled.meta == ("camera_make", "camera_data_from")
    assert [record.getMessage() for record in caplog.records] == [
        "1 of 2 events have no photo that tells of its camera"
    ]


def test_fill_from_photos_tells_of_notes_that_nobody_reads(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = write_photo(tmp_path / "a.jpg", b"a layout of its own", make="Bushnell")
    photos = inventory(tmp_path, [photo])
    monkeypatch.setenv("PATH", "")
    with caplog.at_level(logging.WARNING):
        filled = fill(photos, "auto")
    assert filled.table["camera_data_from"].to_pylist() == ["exif"]
    expected = "the maker note of 1 event's photo is not read (Bushnell: 1): exiftool, where it is"
    assert [record.getMessage() for record in caplog.records] == [
        f"{expected} installed, knows those of more makers"
    ]
    with pytest.raises(UsageError, match="there is no exiftool on the PATH"):
        fill(photos, "exiftool")


def test_fill_from_photos_refuses_labels_of_these_names(tmp_path: Path) -> None:
    photos = inventory(tmp_path, ["a.jpg"])
    table = photos.table.rename_columns(["event_id", "images", "trigger"])
    with pytest.raises(UsageError, match="'trigger' is a label of the source"):
        fill(Inventory(table, ("trigger",), tmp_path), "builtin")


@needs_exiftool
def test_fill_from_photos_asks_exiftool_for_notes_of_other_makers(tmp_path: Path) -> None:
    # Canon's note, a TIFF directory: tag 0x000C, the serial number, is the LONG 12345
    canon = b"\1\0" + b"\x0c\0\4\0\1\0\0\0" + (12345).to_bytes(4, "little") + b"\0\0\0\0"
    photo = write_photo(tmp_path / "a.jpg", canon, make="Canon")
    assert "camera_serial" not in fill(inventory(tmp_path, [photo]), "builtin").meta
    filled = fill(inventory(tmp_path, [photo]), "auto")
    assert filled.table["camera_serial"].to_pylist() == ["12345"]
    assert filled.table["camera_data_from"].to_pylist() == ["exiftool"]


@needs_exiftool
def test_camera_reader_gives_up_on_models_that_exiftool_knows_nothing_of(tmp_path: Path) -> None:
    bushnell = write_photo(tmp_path / "a.jpg", b"a layout of its own", make="Bushnell")
    other = write_photo(tmp_path / "b.jpg", b"another one", make="Ltl")
    exifs = {name: read_exif(tmp_path / name) for name in (bushnell, other)}
    with open_camera_reader("auto", tmp_path) as reader:
        assert reader.pool
        for photos in ([bushnell] * 60, [bushnell] * 60, [bushnell] * 60, [other, bushnell]):
            reader.complete([[photo] for photo in photos], [exifs[photo] for photo in photos])
        assert (reader.pool.read, reader.unread_notes) == (121, {"Bushnell": 181, "Ltl": 1})


@needs_exiftool
def test_camera_reader_tells_of_notes_alike_whether_exiftool_reads_some_or_all_photos(
    tmp_path: Path,
) -> None:
    bushnell = write_photo(tmp_path / "a.jpg", b"a layout of its own", make="Bushnell")
    for how in ("auto", "exiftool"):
        with open_camera_reader(how, tmp_path) as reader:
            reader.complete([[bushnell]], [read_exif(tmp_path / bushnell)])
            assert reader.unread_notes == {"Bushnell": 1}


@needs_exiftool
def test_fill_from_photos_asks_exiftool_for_clips(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", 5)
    command = [str(find_exiftool()), "-q", "-overwrite_original", "-Keys:Model=BTC-6PXD", str(clip)]
    subprocess.run(command, check=True)
    clips = inventory(tmp_path, ["a.mp4#t=0", "a.mp4#t=0.2"])
    assert fill(clips, "auto").table["camera_model"].to_pylist() == ["BTC-6PXD"]
    assert "camera_model" not in fill(clips, "builtin").meta


def test_group_photos_keeps_the_camera_data_of_the_first_photo(tmp_path: Path) -> None:
    warm, cold = hyperfire(), bytearray(hyperfire())
    cold[40:42] = (-9).to_bytes(2, "little", signed=True)
    second = write_photo(tmp_path / "2.jpg", warm, taken="2024:05:06 07:08:10")
    first = write_photo(tmp_path / "1.jpg", bytes(cold), taken="2024:05:06 07:08:09")
    photos = fill(inventory(tmp_path, [second], [first]), "builtin", time_from_exif=True)
    located = photos.table.append_column("location", pa.array(["N", "N"]))
    grouped, _ = group_photos(Inventory(located, ("species",), tmp_path), 60)
    assert grouped.table["images"].to_pylist() == [[first, second]]
    assert grouped.table["temperature"].to_pylist() == [-9.0]


def test_unite_fills_gaps_and_believes_whom_it_should() -> None:
    ours = Exif(make="RECONYX", data=CameraData(temperature=1, trigger="manual"), note="reconyx")
    theirs = Exif(make="Reconyx", serial="S", data=CameraData(temperature=2))
    filled = unite(ours, theirs, prefer_theirs=False)
    assert (filled.make, filled.serial, filled.read_from) == ("RECONYX", "S", "exiftool")
    assert filled.data == CameraData(temperature=1, trigger="manual")
    assert unite(ours, theirs, prefer_theirs=True).data == CameraData(2, "manual")
    assert unite(ours, Exif(make="X"), prefer_theirs=False) == ours
