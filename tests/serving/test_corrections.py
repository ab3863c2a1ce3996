"""Corrections of the page, kept in a review store."""

from __future__ import annotations

import json

import pytest

from ctc.artifacts.review.answer import Answer
from ctc.artifacts.review.database.errors import StoreError
from ctc.artifacts.review.records import Guess
from ctc.artifacts.review.store import ReviewStore
from ctc.serving.config import ServeConfig
from ctc.serving.corrections import CorrectionKeeper

PATH = "/v1/models/model:corrections"
BODY = {
    "reviewer": "Ann",
    "answer": {"species": "wolf"},
    "id": "north/1.jpg",
    "photos": [{"path": "north/1.jpg", "taken": "2025-06-01T12:00:00"}],
    "labels": {"species": {"fox": 0.75, "wolf": 0.25}, "count": {"1": 1.0, "2+": 0.0}},
}


@pytest.fixture
def file(tmp_path):
    return tmp_path / "review.sqlite"


@pytest.fixture
def keeping(serve, file):
    """A server that keeps corrections."""
    return serve(store=file)


def only_event(file):
    with ReviewStore.open(file) as store:
        (event,) = store.iter_events()
        return event


def test_correction_is_in_the_store(keeping, file):
    reply = keeping.post(PATH, BODY)
    assert (reply.status, reply.json["reviewer"]) == (200, "Ann")
    assert reply.json["answer"] == {"species": ["wolf"]}
    event = only_event(file)
    assert event.key == reply.json["key"]
    assert event.answers == {"Ann": Answer({"species": ("wolf",)})}
    assert (event.id, event.place, event.time) == ("north/1.jpg", "north", "2025-06-01T12:00:00")
    species = event.predictions["species"]
    assert (species.answer, species.confidence, species.doubt) == ("fox", 0.75, 0.5)
    assert species.guesses == (Guess("fox", 0.75), Guess("wolf", 0.25))


def test_correction_of_another_label_keeps_the_first(keeping, file):
    keeping.post(PATH, BODY)
    reply = keeping.post(PATH, {**BODY, "answer": {"count": "2+"}})
    assert reply.json["answer"] == {"count": ["2+"], "species": ["wolf"]}


def test_correction_may_name_a_new_class_or_none(keeping, file):
    keeping.post(PATH, {**BODY, "answer": {"species": "lynx", "count": None}})
    assert only_event(file).answer == Answer({"species": ("lynx",), "count": None})


def test_correction_that_is_repeated_is_kept_once(keeping, file):
    first, again = (keeping.post(PATH, {**BODY, "request": "c1"}) for _ in range(2))
    assert first.json == again.json
    with ReviewStore.open(file) as store:
        assert len(store.records()) == 1


def test_correction_joins_an_event_of_a_review(keeping, file):
    keeping.post(PATH, BODY)
    keeping.post(PATH, {**BODY, "id": "event 7", "reviewer": "Bob", "answer": {"species": "fox"}})
    event = only_event(file)
    assert (event.id, event.state, list(event.answers)) == (
        "north/1.jpg",
        "disagreement",
        ["Ann", "Bob"],
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"reviewer": " "}, "' ' is no name of a reviewer"),
        ({"reviewer": 1}, "'reviewer' of the body is a number, not a string"),
        ({"answer": {}}, "an answer names no label"),
        ({"answer": {"species": 3}}, "label 'species' has the answer 3"),
        ({"answer": {"sex": "male"}}, "model 'model' has no label 'sex'"),
        ({"answer": {"species": ["fox", "wolf"]}}, "label 'species' takes one class, not 2"),
        ({"answer": {"species": ""}}, "'' is no name of a class of 'species'"),
        ({"photos": []}, "'photos' of the body is empty"),
        ({"photos": [1]}, "photos[0] is a number, not an object"),
        ({"photos": [{"path": ""}]}, "'path' of photos[0] is empty"),
        ({"photos": [{"path": "a", "taken": "x"}]}, "'taken' of photos[0] is not a time"),
        ({"labels": {}}, "'labels' of the body has no 'species'"),
        ({"request": 1}, "'request' of the body is a number"),
    ],
)
def test_correction_is_refused(keeping, file, changes, message):
    reply = keeping.post(PATH, {**BODY, **changes})
    assert reply.status == 400
    assert message in reply.error
    with ReviewStore.open(file) as store:
        assert store.records() == []


def test_correction_that_can_not_be_written_is_not_acknowledged(keeping, file):
    keeping.service.corrections.close()
    reply = keeping.post(PATH, BODY)
    assert (reply.status, reply.error) == (
        507,
        "the correction can't be kept: see the log of the server, then send it again",
    )


def test_correction_that_is_refused_adds_no_event(keeping, file):
    keeping.post(PATH, {**BODY, "answer": {"species": ["fox", "wolf"]}})
    keeping.post(PATH, {**BODY, "answer": {"species": " fox"}})
    with ReviewStore.open(file) as store:
        assert list(store.iter_events()) == []


def test_correction_needs_the_token(serve, file):
    server = serve(store=file, token="s3cret")
    assert server.post(PATH, BODY).status == 401
    headers = {"content_type": "application/json", "authorization": "Bearer s3cret"}
    assert server.ask("POST", PATH, json.dumps(BODY), **headers).status == 200


def test_server_without_a_store_keeps_no_corrections(serve):
    server = serve()
    reply = server.post(PATH, BODY)
    assert (reply.status, reply.error) == (
        404,
        "this server keeps no corrections: `ctc serve --store FILE` does",
    )
    assert list(server.get("/v1/models").json) == ["models"]


def test_server_with_a_store_says_so(keeping):
    assert keeping.get("/v1/models").json["keeps_corrections"] is True


def test_keeper_refuses_a_file_that_is_no_store(file):
    file.write_text("no database")
    with pytest.raises(StoreError, match="is no review store"):
        CorrectionKeeper(file)


def test_config_has_no_store_by_default():
    assert ServeConfig({}, None).store is None
