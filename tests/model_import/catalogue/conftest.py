"""A list of one model, beside its file, on a disk and on the web."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from hashlib import sha256
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

WriteList = Callable[..., Path]


@pytest.fixture
def entry(build_model: Callable[..., Path], tmp_path: Path) -> dict[str, Any]:
    """An entry for the file `site/park.onnx`, a model file of ctc."""
    data = build_model().read_bytes()
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "park.onnx").write_bytes(data)
    return {
        "name": "park-species",
        "summary": "Foxes and wolves",
        "kind": "classifier",
        "url": "park.onnx",
        "size": len(data),
        "sha256": sha256(data).hexdigest(),
        "licence": "CC-BY-4.0",
        "classes": ["fox", "wolf"],
        "region": "Bavaria",
        "training_data": "1,000 events",
        "input_size": [8, 12],
        "page": "https://example.org/park",
    }


@pytest.fixture
def write_list(tmp_path: Path) -> WriteList:
    """A function that writes `site/models.json` with these entries, and returns its path."""

    def write(*entries: object, name: str = "models.json", **changes: Any) -> Path:
        (tmp_path / "site").mkdir(exist_ok=True)
        data = {"format": "ctc-model-list", "format_version": 1, "models": list(entries), **changes}
        path = tmp_path / "site" / name
        path.write_text(json.dumps(data), encoding="utf-8")
        return path

    return write


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    """The URL of a web server with the files of `site`."""

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Write nothing."""

    handler = partial(Handler, directory=tmp_path / "site")
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
