"""Tables of packages: several files, packed with gzip, in a zip, at URLs of their own."""

from __future__ import annotations

import gzip
import json
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from ctc.artifacts.camtrap_dp.archive import is_package
from ctc.artifacts.camtrap_dp.package import open_package
from ctc.errors import InputError
from ctc.storage.paths import parse_path

HEADER = "mediaID,deploymentID,timestamp,filePath,fileMediatype\n"
FIRST = f"{HEADER}m1,d1,2020-05-01T10:00:00Z,a.jpg,image/jpeg\n"
SECOND = f"{HEADER}m2,d1,2020-05-01T10:00:00Z,b.jpg,image/jpeg\n"
TABLES = {
    "deployments.csv": "deploymentID,latitude,longitude\nd1,50,4\n",
    "observations.csv": "observationID,deploymentID,eventStart,eventEnd,observationLevel,"
    "observationType\n",
}
VERSION = "https://raw.githubusercontent.com/tdwg/camtrap-dp/{}/camtrap-dp-profile.json"


def write(folder: Path, files: dict[str, str | bytes], media: Any, version: str = "1.0.2") -> Path:
    """Write a package whose media are at the path, or paths, `media`."""
    for name, content in {**TABLES, **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    paths = {name.removesuffix(".csv"): name for name in TABLES} | {"media": media}
    resources = [{"name": name, "path": path} for name, path in paths.items()]
    about = {"profile": VERSION.format(version), "resources": resources}
    (folder / "datapackage.json").write_text(json.dumps(about))
    return folder


def media_ids(source: Path) -> list[str | None]:
    with open_package(source) as package:
        return [row["mediaID"] for _, row in package.rows("media")]


def zipped(package: Path) -> Path:
    target = package.with_suffix(".zip")
    with zipfile.ZipFile(target, "w") as archive:
        for file in package.rglob("*.*"):
            archive.write(file, file.relative_to(package))
    return target


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The URL of a web server for the folder `web`."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path / "web"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as web:
        Thread(target=web.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{web.server_port}"
        web.shutdown()


remote = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)


@pytest.mark.parametrize("version", ["1.0", "1.0.1", "1.0.2", "1.1"])
def test_open_package_of_versions_1(tmp_path: Path, version: str) -> None:
    assert media_ids(write(tmp_path, {"media.csv": FIRST}, "media.csv", version)) == ["m1"]


@pytest.mark.parametrize("pack", [lambda package: package, zipped])
def test_parts_of_a_table_may_have_one_name(tmp_path: Path, pack: Any) -> None:
    files = {"north/media.csv": FIRST, "south/media.csv": SECOND}
    package = write(tmp_path / "p", files, ["north/media.csv", "./south/media.csv"])
    assert media_ids(pack(package)) == ["m1", "m2"]


def test_tables_are_unpacked_whatever_their_name(tmp_path: Path) -> None:
    package = write(tmp_path, {"media": gzip.compress(FIRST.encode())}, "media")
    assert media_ids(package) == ["m1"]


@remote
def test_tables_may_be_at_urls_of_their_own(tmp_path: Path, server: str) -> None:
    web = tmp_path / "web"
    write(web, {"media.csv": FIRST, "more.csv.gz": gzip.compress(SECOND.encode())}, "media.csv")
    package = write(tmp_path / "p", {}, [f"{server}/media.csv?download=1", f"{server}/more.csv.gz"])
    assert media_ids(package) == ["m1", "m2"]


@remote
@pytest.mark.parametrize("name", ["p", "p/datapackage.json", "p/datapackage.json?x=1", "p.zip?x=1"])
def test_open_package_at_a_url(tmp_path: Path, server: str, name: str) -> None:
    zipped(write(tmp_path / "web" / "p", {"media.csv": FIRST}, "media.csv"))
    source = parse_path(f"{server}/{name}")
    assert media_ids(source) == ["m1"]
    assert is_package(source)


@remote
def test_open_package_names_the_url_that_does_not_answer(tmp_path: Path, server: str) -> None:
    (tmp_path / "web").mkdir()
    package = write(tmp_path / "p", {}, f"{server}/none.csv")
    with pytest.raises(InputError, match=r"resources\[2\]: 'http.*none.csv' can't be downloaded: "):
        media_ids(package)


def test_open_package_rejects_rows_in_the_descriptor(tmp_path: Path) -> None:
    package = write(tmp_path, {}, "media.csv")
    about = json.loads((package / "datapackage.json").read_text())
    about["resources"][2] = {"name": "media", "data": []}
    (package / "datapackage.json").write_text(json.dumps(about))
    with pytest.raises(InputError, match=r"resources\[2\] has its rows in 'data'"):
        media_ids(package)


def test_open_package_rejects_a_table_that_is_there_twice(tmp_path: Path) -> None:
    package = write(tmp_path, {"media.csv": FIRST, "more.csv": SECOND}, "media.csv")
    about = json.loads((package / "datapackage.json").read_text())
    about["resources"].append({"name": "media", "path": "more.csv"})
    (package / "datapackage.json").write_text(json.dumps(about))
    with pytest.raises(InputError, match=r"resources\[3\] is another 'media': give all its files"):
        media_ids(package)
