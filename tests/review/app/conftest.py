"""The application of a small review, and a client."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest
from review_world import make_event, make_store
from starlette.testclient import TestClient

from ctc.artifacts.review.records import Reviewer
from ctc.artifacts.review.store import ReviewStore
from ctc.review.app.application import create_app
from ctc.review.app.config import ReviewConfig
from ctc.review.app.service import ReviewService

ANA_TOKEN, BEN_TOKEN, LEAD_TOKEN = "token-of-ana", "token-of-ben", "token-of-lea"
TOKENS = {
    ANA_TOKEN: Reviewer("ana"),
    BEN_TOKEN: Reviewer("ben"),
    LEAD_TOKEN: Reviewer("lea", "lead"),
}


class Api:
    """A client of the application of a store; `keys` are those of its events."""

    def __init__(self, client: TestClient, store: ReviewStore) -> None:
        self.client, self.store = client, store
        self.keys = [event.key for event in store.iter_events()]

    def get(self, path: str, token: str | None = None, **query: object):
        return self.client.get(path, params=query, headers=_headers(token))

    def post(self, path: str, content: object, token: str | None = None):
        return self.client.post(path, json=content, headers=_headers(token))

    def answer(self, at: int, name: str, token: str | None = None, **more: object):
        """Answer an event with a class."""
        content = {
            "keys": [self.keys[at]],
            "answer": {"species": name},
            "request": f"{at} {name} {token} {more}",
            **more,
        }
        return self.post("/api/answers", content, token)


def _headers(token: str | None) -> dict[str, str]:
    return {} if token is None else {"Authorization": f"Bearer {token}"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ReviewStore]:
    """Return the store of six events with a photo each."""
    answers = ("fox", "fox", "deer", "boar", "empty", "empty")
    events = [
        make_event(at, name, 0.9 - at / 20, folder="north" if at < 4 else "south", cluster=at // 2)
        for at, name in enumerate(answers)
    ]
    with make_store(tmp_path, events) as store:
        yield store


@pytest.fixture
def start(store: ReviewStore, tmp_path: Path) -> Iterator:
    """Return a function that starts the application, with or without tokens."""
    with ExitStack() as stack:

        def make(tokens: Mapping[str, Reviewer] | None = None, **options: object) -> Api:
            config = ReviewConfig(Reviewer("ana"), tmp_path / "thumbnails", tokens or {}, **options)
            app = create_app(ReviewService(store, config))
            client = TestClient(app, "http://127.0.0.1:8000", raise_server_exceptions=False)
            return Api(stack.enter_context(client), store)

        yield make


@pytest.fixture
def api(start) -> Api:
    """Return a client without tokens, whose reviewer is Ana."""
    return start()


@pytest.fixture
def guarded(start) -> Api:
    """Return a client of an application that asks for tokens."""
    return start(TOKENS)
