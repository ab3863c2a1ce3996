"""What a web server answers in place of a file, as the commands tell it."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from ctc.cli.main import run


class _Answers(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        status = int(self.path.split("/")[1])
        self.send_response(status)
        if status == 302:
            self.send_header("Location", self.path)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def server() -> Iterator[str]:
    """The URL of a server that answers the status that a path begins with."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as found:
        Thread(target=found.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{found.server_port}"
        found.shutdown()


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("500", "can't be reached: the server answers 500 Internal Server Error"),
        ("403", "can't be reached: the server answers 403 Forbidden"),
        ("302", "can't be reached: the server redirects without end"),
        ("404", "not exist: give "),
    ],
)
def test_the_answer_of_a_web_server_is_told(
    server: str, answer: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("aiohttp")
    (tmp_path / "fox").mkdir()
    (tmp_path / "fox/1.jpg").write_bytes(b"photo")
    output, url = str(tmp_path / "x.parquet"), f"{server}/{answer}"
    for words in (
        ("camtrap-dp", f"{url}/datapackage.json"),
        ("folders", str(tmp_path), "--clock-offset", f"{url}/offsets.csv"),
    ):
        assert run(["inventory", *words, "--output", output]) > 0
        printed = capsys.readouterr().err
        assert message in printed
        assert url in printed


def test_a_web_server_need_not_list_the_image_root(
    server: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("aiohttp")
    (tmp_path / "labels.csv").write_text("image,class\n200/a.jpg,fox\n")
    words = ["inventory", "csv", str(tmp_path / "labels.csv"), "--output", f"{tmp_path}/x.parquet"]
    run([*words, "--image-root", f"{server}/403/"])
    assert "can't be reached" not in capsys.readouterr().err
