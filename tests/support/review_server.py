"""A server of `ctc review` in a thread, for tests of its page and API."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from ctc.artifacts.review.records import Reviewer
from ctc.artifacts.review.store import ReviewStore
from ctc.review.app.application import create_app
from ctc.review.app.config import ReviewConfig
from ctc.review.app.service import ReviewService
from ctc.serving.server import bind_socket, server_around


@contextmanager
def running(
    store: ReviewStore,
    folder: Path,
    reviewer: Reviewer | None = None,
    tokens: Mapping[str, Reviewer] | None = None,
    names: Mapping[str, tuple[str, ...]] | None = None,
) -> Iterator[str]:
    """Serve a store on any free port, with small photos in `folder`; yield the URL."""
    who = reviewer or Reviewer("ana")
    store.ensure_reviewer(who.name)
    config = ReviewConfig(who, folder / "thumbnails", tokens or {}, names or {})
    server = server_around(lambda stopping: create_app(ReviewService(store, config), stopping), 5)
    with bind_socket("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        thread = threading.Thread(target=asyncio.run, args=[_run(server, listener)])
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{port}/"
        finally:
            server.should_exit = True
            thread.join()


async def _run(server: uvicorn.Server, listener: object) -> None:
    await server.serve(sockets=[listener])
