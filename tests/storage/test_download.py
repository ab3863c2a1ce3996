"""Download of a file from a web server that cuts connections or knows no ranges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from time import sleep

import pytest

from ctc.storage.download import download

CONTENT = bytes(range(256)) * 40
NO_LIMIT = 1 << 30

pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)


@dataclass
class Web:
    """What the server does. `cut_at`: where the next answer ends. `ranges`: if it knows them."""

    url: str = ""
    cut_at: int | None = None
    ranges: bool = True
    content: bytes = CONTENT
    moved_to: str = ""
    asked: list[str | None] = field(default_factory=list)


@pytest.fixture
def web() -> Iterator[Web]:
    served = Web()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers.get("Range")
            served.asked.append(asked)
            start = int(asked.split("=")[1].rstrip("-")) if asked and served.ranges else 0
            if self.path == "/gone":
                self.send_error(404)
                return
            if self.path == "/moved":
                self.send_response(302)
                self.send_header("Location", served.moved_to)
                self.end_headers()
                return
            if start >= len(served.content):
                self.send_error(416)
                return
            body = served.content[start:]
            self.send_response(206 if start else 200)
            if start:
                total = len(served.content)
                self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body if served.cut_at is None else body[: served.cut_at])
            if served.cut_at is not None:
                sleep(0.5)  # what was sent is read before the connection ends
            served.cut_at = None

        def log_message(self, *_: object) -> None:
            """Write nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        served.url = f"http://127.0.0.1:{server.server_port}/model.onnx"
        yield served
        server.shutdown()


def test_download_copies_and_counts(web: Web, tmp_path: Path) -> None:
    counts: list[int] = []
    download(web.url, tmp_path / "copy", NO_LIMIT, advance=counts.append)
    assert (tmp_path / "copy").read_bytes() == CONTENT
    assert sum(counts) == len(CONTENT)


def test_download_continues_where_the_connection_was_cut(web: Web, tmp_path: Path) -> None:
    web.cut_at = 1000
    with pytest.raises(OSError, match=r"payload|Payload|not enough data|disconnected"):
        download(web.url, tmp_path / "copy", NO_LIMIT, resume=True)
    there = (tmp_path / "copy").stat().st_size
    assert there == 1000
    counts: list[int] = []
    download(web.url, tmp_path / "copy", NO_LIMIT, resume=True, advance=counts.append)
    assert (tmp_path / "copy").read_bytes() == CONTENT
    assert web.asked == [None, f"bytes={there}-"]
    assert sum(counts) == len(CONTENT)


def test_download_begins_anew_on_a_server_without_ranges(web: Web, tmp_path: Path) -> None:
    (tmp_path / "copy").write_bytes(b"x" * 500)
    web.ranges = False
    counts: list[int] = []
    download(web.url, tmp_path / "copy", NO_LIMIT, resume=True, advance=counts.append)
    assert (tmp_path / "copy").read_bytes() == CONTENT
    assert sum(counts) == len(CONTENT)


def test_download_begins_anew_when_more_is_there_than_the_file_has(
    web: Web, tmp_path: Path
) -> None:
    (tmp_path / "copy").write_bytes(b"x" * (len(CONTENT) + 1))
    download(web.url, tmp_path / "copy", NO_LIMIT, resume=True)
    assert (tmp_path / "copy").read_bytes() == CONTENT


def test_download_without_resume_drops_what_is_there(web: Web, tmp_path: Path) -> None:
    (tmp_path / "copy").write_bytes(b"x" * 500)
    download(web.url, tmp_path / "copy", NO_LIMIT)
    assert (tmp_path / "copy").read_bytes() == CONTENT
    assert web.asked == [None]


def test_download_stops_at_the_limit(web: Web, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="larger than 10,239 bytes"):
        download(web.url, tmp_path / "copy", len(CONTENT) - 1)
    download(web.url, tmp_path / "copy", len(CONTENT))


def test_download_follows_a_server_to_the_web_only(web: Web, tmp_path: Path) -> None:
    moved = web.url.replace("model.onnx", "moved")
    web.moved_to = web.url
    download(moved, tmp_path / "copy", NO_LIMIT)
    assert (tmp_path / "copy").read_bytes() == CONTENT
    web.moved_to = "file:///etc/passwd"
    with pytest.raises(OSError, match=r"(?i)redirect"):
        download(moved, tmp_path / "other", NO_LIMIT)
    assert (tmp_path / "other").read_bytes() == b""


def test_download_of_a_missing_file(web: Web, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        download(web.url.replace("model.onnx", "gone"), tmp_path / "copy", NO_LIMIT)


def test_download_from_another_storage_continues_too(tmp_path: Path) -> None:
    import fsspec

    with fsspec.open("memory://models/model.onnx", "wb") as file:
        file.write(CONTENT)
    (tmp_path / "copy").write_bytes(CONTENT[:700])
    download("memory://models/model.onnx", tmp_path / "copy", NO_LIMIT, resume=True)
    assert (tmp_path / "copy").read_bytes() == CONTENT
