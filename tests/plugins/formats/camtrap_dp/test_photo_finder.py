"""Packages in folders, in zips and at URLs, and photos at paths, at URLs and downloaded."""

from __future__ import annotations

import gzip
import json
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from ctc.cli.main import run
from ctc.errors import InputError, UsageError
from ctc.images import encode_jpeg
from ctc.inventory.build import InventoryResult, build_inventory
from ctc.plugin import InputFormat, LeftOut, Observation
from ctc.plugin.manager import plugins
from ctc.storage import packed_files
from ctc.storage.paths import parse_path

PROFILE = "https://raw.githubusercontent.com/tdwg/camtrap-dp/1.0.2/camtrap-dp-profile.json"
DEPLOYMENTS = "deploymentID,latitude,longitude\nd1,50,4\nd2,50,4\n"
MEDIA = "mediaID,deploymentID,captureMethod,timestamp,filePath,filePublic,fileName,fileMediatype\n"
OBSERVATIONS = (
    "observationID,deploymentID,mediaID,eventID,eventStart,eventEnd,observationLevel,"
    "observationType,scientificName\n"
)
URL = "https://photos.example.org/assets/{}/file"


def media_row(
    name: str, second: int = 0, path: str = URL, public: str = "true", deployment: str = "d1"
) -> str:
    time = f"2020-05-01T10:00:{second:02}Z"
    where = path.format(name)
    return f"{name},{deployment},activityDetection,{time},{where},{public},{name}.JPG,image/jpeg\n"


def of_media(number: int, name: str, species: str, deployment: str = "d1") -> str:
    return f"o{number},{deployment},{name},,,,media,animal,{species}\n"


def of_event(number: int, event: str, start: int, end: int, species: str = "") -> str:
    kind = "animal" if species else "blank"
    times = f"2020-05-01T10:00:{start:02}Z,2020-05-01T10:00:{end:02}Z"
    return f"o{number},d1,,{event},{times},event,{kind},{species}\n"


def write_package(folder: Path, media: str, observations: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    tables = {
        "deployments": DEPLOYMENTS,
        "media": MEDIA + media,
        "observations": OBSERVATIONS + observations,
    }
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text)
    resources = [{"name": name, "path": f"{name}.csv"} for name in tables]
    document = {"profile": PROFILE, "resources": resources}
    (folder / "datapackage.json").write_text(json.dumps(document))
    return folder


def one_event(folder: Path, path: str = URL) -> Path:
    return write_package(folder, media_row("m1", path=path), of_media(1, "m1", "Lepus"))


def zipped(package: Path, target: Path, inside: str = "") -> Path:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for file in sorted(package.rglob("*")):
            packed.write(file, inside + file.relative_to(package).as_posix())
    return target


OPTIONS = {"duplicates": "fail", "observation_level": "any"}


def read(source: Path, image_root: Path | None = None) -> list[Observation | LeftOut]:
    options = {**OPTIONS, "image_root": image_root}
    return list(plugins().get(InputFormat, "camtrap-dp").read(source, options))


def images(entries: list[Observation | LeftOut]) -> list[tuple[str, ...]]:
    return [entry.images for entry in entries if isinstance(entry, Observation)]


def build(source: Path, image_root: Path | None = None) -> InventoryResult:
    input_format = plugins().get(InputFormat, "camtrap-dp")
    return build_inventory(input_format, source, OPTIONS, image_root)


def touch(root: Path, *files: str) -> Path:
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).touch()
    return root


def test_read_keeps_urls(tmp_path: Path) -> None:
    assert images(read(one_event(tmp_path))) == [(URL.format("m1"),)]


@pytest.mark.parametrize("image_root", [None, "downloaded"])
def test_inventory_has_urls(tmp_path: Path, image_root: str | None) -> None:
    root = image_root and touch(tmp_path / image_root, "other.JPG")
    built = build(one_event(tmp_path / "p"), root)
    assert built.inventory.table["images"].to_pylist() == [[URL.format("m1")]]
    assert (built.checked_photos, built.left_out.counts) == (0, {})


def test_read_keeps_photos_that_are_not_public_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    media = media_row("m1", public="FALSE") + media_row("m2")
    found = read(write_package(tmp_path, media, of_media(1, "m1", "Lepus")))
    assert images(found) == [(URL.format("m1"),)]
    assert "1 photo at a URL is not public" in caplog.text


def test_read_finds_downloaded_photos_by_name(tmp_path: Path) -> None:
    root = touch(tmp_path / "downloaded", "a/m1.JPG", "b/m2.JPG")
    assert images(read(one_event(tmp_path / "p"), root)) == [("a/m1.JPG",)]


def test_read_takes_downloaded_photo_of_the_deployment(tmp_path: Path) -> None:
    root = touch(tmp_path / "downloaded", "d1/m1.JPG", "d2/m1.JPG")
    assert images(read(one_event(tmp_path / "p"), root)) == [("d1/m1.JPG",)]


def test_read_leaves_out_photo_whose_name_several_have(tmp_path: Path) -> None:
    root = touch(tmp_path / "downloaded", "a/m1.JPG", "b/m1.JPG")
    left_out = read(one_event(tmp_path / "p"), root)[0]
    assert isinstance(left_out, LeftOut)
    assert left_out.reason.startswith("its fileName is that of several photos")


def test_read_finds_local_photos_in_package_beside_downloaded_ones(tmp_path: Path) -> None:
    package = write_package(
        tmp_path / "p",
        media_row("m1", path="media/{}.JPG") + media_row("m2", 1),
        of_media(1, "m1", "Lepus") + of_media(2, "m2", "Lepus"),
    )
    touch(package, "media/m1.JPG")
    root = touch(tmp_path / "downloaded", "m2.JPG")
    assert images(read(package, root)) == [(str(package / "media" / "m1.JPG"),), ("m2.JPG",)]


@pytest.mark.parametrize("inside", ["", "survey/"])
def test_read_zip_as_its_folder(tmp_path: Path, inside: str) -> None:
    package = one_event(tmp_path / "p")
    packed = zipped(package, tmp_path / "p.zip", inside)
    assert read(packed) == read(package)


def test_inventory_recognizes_zip(tmp_path: Path) -> None:
    packed = zipped(one_event(tmp_path / "p"), tmp_path / "p.camtrap-dp.zip")
    output = str(tmp_path / "inventory.parquet")
    assert run(["inventory", str(packed), "--output", output]) == 0
    other = zipped(touch(tmp_path / "q", "a.txt"), tmp_path / "q.zip")
    assert run(["inventory", str(other), "--output", output, "--overwrite"]) == 2


def test_photos_inside_a_zip_are_where_it_is_unpacked(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    package = touch(one_event(tmp_path / "p", "media/{}.JPG"), "media/m1.JPG")
    packed = zipped(package, tmp_path / "p.zip", "survey/")
    assert images(read(packed)) == [("survey/media/m1.JPG",)]
    assert "1 photo is inside the zip, where nothing can open it: unpack it in" in caplog.text
    assert images(read(packed, touch(tmp_path / "photos", "m1.JPG"))) == [("m1.JPG",)]


@pytest.mark.parametrize("inside", ["media.csv", "p/media.csv"])
def test_read_rejects_zip_without_descriptor(tmp_path: Path, inside: str) -> None:
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as packed:
        packed.writestr(inside, MEDIA)
    with pytest.raises(InputError, match=r"p\.zip' has no datapackage\.json"):
        read(tmp_path / "p.zip")


def test_read_names_zip_and_not_its_copy_in_errors(tmp_path: Path) -> None:
    package = one_event(tmp_path / "p")
    (package / "media.csv").write_text("mediaID\nm1\n")
    with pytest.raises(InputError, match=r"'media\.csv' in '.*p\.zip' has no column"):
        read(zipped(package, tmp_path / "p.zip"))
    (package / "datapackage.json").write_text("[]")
    with pytest.raises(InputError, match=r"q\.zip' is not the descriptor .* a list, not"):
        read(zipped(package, tmp_path / "q.zip"))


def test_read_says_that_a_table_is_no_package(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"media\.csv' is not a Camtrap DP package: give its"):
        read(one_event(tmp_path) / "media.csv")


@pytest.fixture
def bomb(monkeypatch: pytest.MonkeyPatch) -> bytes:
    """A table of 3 MB in 3 kB, where 2 MB are allowed."""
    monkeypatch.setattr(packed_files, "MIN_LIMIT", 2 << 20)
    return gzip.compress(MEDIA.encode() + b"0" * (3 << 20), 9)


def test_read_limits_what_gzip_unpacks(tmp_path: Path, bomb: bytes) -> None:
    package = one_event(tmp_path)
    (package / "media.csv.gz").write_bytes(bomb)
    descriptor = (package / "datapackage.json").read_text().replace("media.csv", "media.csv.gz")
    (package / "datapackage.json").write_text(descriptor)
    with pytest.raises(InputError, match=r"media\.csv\.gz' unpacks to more than 2 MiB"):
        read(package)


def test_read_limits_what_a_zip_unpacks(tmp_path: Path, bomb: bytes) -> None:
    package = one_event(tmp_path / "p")
    (package / "media.csv").write_bytes(gzip.decompress(bomb))
    with pytest.raises(InputError, match=r"'media\.csv' in '.*p\.zip' unpacks to more than"):
        read(zipped(package, tmp_path / "p.zip"))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The URL of a web server for the folder `web`."""
    folder = tmp_path / "web"
    folder.mkdir()
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as web:
        Thread(target=web.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{web.server_port}"
        web.shutdown()


@pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
def test_inventory_of_package_at_url(tmp_path: Path, server: str) -> None:
    package = one_event(tmp_path / "web" / "p", "media/{}.JPG")
    (package / "media").mkdir()
    photo = encode_jpeg(np.zeros((20, 20, 3), np.uint8), 90)
    (package / "media" / "m1.JPG").write_bytes(photo)
    built = build(parse_path(f"{server}/p/datapackage.json"))
    assert str(built.inventory.image_root) == f"{server}/p"
    assert built.inventory.table["images"].to_pylist() == [["media/m1.JPG"]]
    assert (built.checked_photos, built.missing_photos) == (1, 0)
    zipped(one_event(tmp_path / "q"), tmp_path / "web" / "q.zip")
    built = build(parse_path(f"{server}/q.zip"))
    assert built.inventory.table["images"].to_pylist() == [[URL.format("m1")]]


def test_photo_of_two_events_is_in_the_shorter_one(tmp_path: Path) -> None:
    media = "".join(media_row(f"m{second}", second) for second in (0, 3, 5))
    events = of_event(1, "e1", 0, 5, "Vulpes vulpes") + of_event(2, "e2", 3, 3)
    found = read(write_package(tmp_path, media, events))
    assert [(one.event_id, one.images) for one in found if isinstance(one, Observation)] == [
        ("e1", (URL.format("m0"), URL.format("m5"))),
        ("e2", (URL.format("m3"),)),
    ]
    assert (
        LeftOut(URL.format("m3"), "in the time of two events: used in the shorter one only")
        in found
    )


def test_event_that_shares_all_its_photos_keeps_them(tmp_path: Path) -> None:
    events = of_event(1, "e1", 0, 5, "Vulpes vulpes") + of_event(2, "e2", 0, 3, "Lepus")
    found = read(write_package(tmp_path, media_row("m1", 1), events))
    assert images(found) == [(URL.format("m1"),)] * 2


def test_photo_without_timestamp_is_found_by_its_media_id(tmp_path: Path) -> None:
    media = media_row("m1").replace("2020-05-01T10:00:00Z", "")
    (found,) = read(write_package(tmp_path, media, of_media(1, "m1", "Lepus")))
    assert isinstance(found, Observation)
    assert found.meta["datetime"] is None


def test_event_without_times_has_photos_that_observations_name(tmp_path: Path) -> None:
    media = media_row("m1").replace("2020-05-01T10:00:00Z", "")
    observations = "o1,d1,,e1,,,event,animal,Lepus\no2,d1,m1,e1,,,media,animal,Lepus\n"
    found = read(write_package(tmp_path, media, observations))
    assert images(found) == [(URL.format("m1"),)]


@pytest.mark.parametrize("zone", ["-5:00", "-05:00", "-0500", "-500"])
def test_timestamps_with_short_zones(tmp_path: Path, zone: str) -> None:
    media = media_row("m1").replace("10:00:00Z", f"10:00:00{zone}")
    events = "o1,d1,,e1,2020-05-01T15:00:00Z,2020-05-01T15:00:00Z,event,animal,Lepus\n"
    found = read(write_package(tmp_path, media, events))
    assert images(found) == [(URL.format("m1"),)]


def test_inventory_of_many_events_at_urls_keeps_all_photos(tmp_path: Path) -> None:
    """A package as Agouti writes it: event-based and media-based observations of 34 events."""
    media, observations = "", ""
    for event in range(34):
        for photo in range(10):
            name = f"m{event:02}{photo}"
            media += (
                media_row(name)
                .replace("2020-05-01", f"2020-06-{event % 28 + 1:02}")
                .replace("T10:00:00", f"T{event // 28:02}:00:{photo:02}")
            )
            observations += of_media(1000 + event * 10 + photo, name, "Ardea")
        day = f"2020-06-{event % 28 + 1:02}T{event // 28:02}:00"
        observations += f"o{event},d1,,e{event},{day}:00Z,{day}:09Z,event,animal,Ardea\n"
    built = build(write_package(tmp_path, media, observations))
    found = built.inventory.table["images"].to_pylist()
    assert (len(found), sum(map(len, found))) == (34, 340)
    assert all(path.startswith("https://") for photos in found for path in photos)
