"""Which URLs are opened, and how they are shown."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace

import pytest
from PIL import Image

from ctc.cli.main import run
from ctc.errors import ImageError, UsageError
from ctc.images import read_photo
from ctc.storage.paths import parse_path
from ctc.storage.remote_files import read_bytes
from ctc.storage.urls import _check_redirect, redact, redact_urls, refusal

REFUSED = (
    "reference://x.jpg",
    "reference://x.jpg::file:///refs.json",
    "zip://a.jpg::http://127.0.0.1/a.zip",
    "simplecache://a::s3://bucket/a.jpg",
    "http://127.0.0.1/a::file:///etc/passwd",
    "webhdfs://host/a.jpg",
    "github://user:repo@main/a.jpg",
    "data://text/plain,x",
    "dask://host/a.jpg",
    "libarchive://a.jpg",
    "jupyter://host/a.jpg",
)


@pytest.mark.parametrize("url", REFUSED)
def test_parse_path_refuses_urls_that_hold_others(url: str) -> None:
    with pytest.raises(UsageError, match=r"is not opened|unknown URL scheme"):
        parse_path(url)


@pytest.mark.parametrize("url", REFUSED)
def test_read_photo_refuses_urls_of_tables_as_failures(url: str) -> None:
    with pytest.raises(ImageError, match=r"are not opened$"):
        read_photo(url)


@pytest.mark.parametrize("url", REFUSED)
def test_read_bytes_refuses_them_too(url: str) -> None:
    with pytest.raises(OSError, match="are not opened"):
        read_bytes(url)


@pytest.mark.parametrize("scheme", ["http", "https", "S3", "gs", "az", "sftp", "memory", "file"])
def test_refusal_allows_usual_schemes(scheme: str) -> None:
    assert refusal(f"{scheme}://host/a.jpg") is None


def test_refusal_allows_schemes_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CTC_URL_SCHEMES", "oss, webdav")
    assert refusal("webdav://host/a.jpg") is None
    assert refusal("zip://a.jpg") is not None
    assert refusal("webdav://host/a.jpg::file:///x") is not None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("'https://me:pass@host/a.jpg' is gone", "'https://***@host/a.jpg' is gone"),
        ("https://token@host/a.jpg", "https://***@host/a.jpg"),
        ("s3://KEY:SECRET@bucket/a", "s3://***@bucket/a"),
        (
            "https://b.s3.amazonaws.com/a.jpg?X-Amz-Credential=A&X-Amz-Signature=abc&part=2",
            "https://b.s3.amazonaws.com/a.jpg?X-Amz-Credential=***&X-Amz-Signature=***&part=2",
        ),
        ("https://h/a?sv=2024&sig=x%2By%3D&se=1", "https://h/a?sv=2024&sig=***&se=1"),
        ("https://h/a.jpg?access_token=t", "https://h/a.jpg?access_token=***"),
        ("gs://b/a?GoogleAccessId=me&Signature=s", "gs://b/a?GoogleAccessId=***&Signature=***"),
    ],
)
def test_redact_urls_hides_secrets(text: str, shown: str) -> None:
    assert redact_urls(text) == shown
    assert redact_urls(shown) == shown


@pytest.mark.parametrize(
    "text",
    [
        "me:pass@host, no URL",
        "https://host/a@b.jpg?photo=3&size=2",
        "sftp://me@host/a.jpg",
        "abfs://container@account.dfs.core.windows.net/a.jpg",
        "photos/a.jpg?token=x",
    ],
)
def test_redact_urls_keeps_the_rest(text: str) -> None:
    assert redact_urls(text) == text


def test_redact_of_nested_values() -> None:
    assert redact({"a": ["https://u:p@h/", 3], "b": None}) == {
        "a": ["https://***@h/", 3],
        "b": None,
    }


class _Redirect(BaseHTTPRequestHandler):
    """Redirects to the URL that follows the slash, or answers."""

    def do_GET(self) -> None:
        if self.path == "/answer":
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")
            return
        self.send_response(302)
        self.send_header("Location", self.path[1:])
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Write nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    """The URL of a web server that redirects."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Redirect) as web:
        Thread(target=web.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{web.server_port}"
        web.shutdown()


@pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
def test_read_bytes_follows_redirects_to_the_web_only(server: str) -> None:
    assert read_bytes(f"{server}/{server}/answer") == b"ok"
    for target in ("file:///etc/passwd", "ftp://127.0.0.1/a"):
        with pytest.raises(OSError, match=r"redirect|Redirect"):
            read_bytes(f"{server}/{target}")


@pytest.mark.parametrize(
    ("start", "target", "followed"),
    [
        ("https", "https://h/a", True),
        ("https", "/a", True),
        ("http", "https://h/a", True),
        ("https", "http://h/a", False),
    ],
)
def test_check_redirect_never_leaves_https(start: str, target: str, followed: bool) -> None:
    redirect = SimpleNamespace(
        url=SimpleNamespace(scheme=start),
        response=SimpleNamespace(headers={"Location": target}),
    )
    try:
        asyncio.run(_check_redirect(None, None, redirect))
    except ValueError:
        assert not followed
    else:
        assert followed


@pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
def test_predict_writes_no_secrets_of_urls(
    tmp_path: Path, red_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.new("RGB", (40, 30), (200, 20, 20)).save(tmp_path / "a.png")
    secret = "http://me:pass1@127.0.0.1:1/b.png?sig=pass2"
    (tmp_path / "t.csv").write_text(f"id,image,source\ne1,a.png,{secret}\n{secret},{secret},\n")
    output, log = tmp_path / "p.csv", tmp_path / "log.jsonl"
    table = ["--event-id", "id", "--image", "image", "--image-root", str(tmp_path)]
    command = ["--log-json", str(log), "predict", str(red_model), str(tmp_path / "t.csv"), *table]
    assert run([*command, "--output", str(output)]) == 3
    failures = (tmp_path / "p.csv.failures.csv").read_text()
    assert "http://***@127.0.0.1:1/b.png?sig=***" in failures
    for text in (output.read_text(), failures, log.read_text(), *capsys.readouterr()):
        assert "pass1" not in text
        assert "pass2" not in text
    run(["predict", secret, str(tmp_path / "a.png"), "--output", str(output), "--show-config"])
    assert "pass" not in "".join(capsys.readouterr())
