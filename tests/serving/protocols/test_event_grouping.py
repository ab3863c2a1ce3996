"""Events by time, from predictions per photo."""

from __future__ import annotations

import threading
from typing import Any

import pytest

import ctc
from ctc.inference.events.sources import find_events
from ctc.serving.routes import v1

EVENTS = "/v1/models/model:events"
SURE = {"species": {"fox": 0.9, "wolf": 0.1}, "count": {"1": 1, "2+": 0}}
UNSURE = {"species": {"fox": 0.5, "wolf": 0.5}, "count": {"1": 0.0, "2+": 1.0}}


def photo(taken: str | None, folder: str = "north", labels: Any = None) -> dict[str, Any]:
    return {"folder": folder, "taken": taken, "labels": labels or SURE}


def groups(server, photos: list[dict[str, Any]], within: float = 60) -> list[list[int]]:
    reply = server.post(EVENTS, {"within": within, "photos": photos})
    return [event["photos"] for event in reply.json["events"]]


def test_events_unite_photos_within_the_gap(server) -> None:
    photos = [
        photo("2016-09-25T18:35:10"),
        photo("2016-09-25T18:40:00"),
        photo("2016-09-25T18:35:50"),
    ]
    assert groups(server, photos) == [[0, 2], [1]]


def test_events_separate_photos_without_time_and_of_other_folders(server) -> None:
    photos = [
        photo("2016-09-25T18:35:10"),
        photo(None),
        photo(None),
        photo("2016-09-25T18:35:11", "south"),
    ]
    assert groups(server, photos) == [[0], [1], [2], [3]]


def test_events_aggregate_the_probabilities_of_their_photos(server) -> None:
    photos = [photo("2016-09-25T18:35:10"), photo("2016-09-25T18:35:10", labels=UNSURE)]
    (event,) = server.post(EVENTS, {"within": 1, "photos": photos}).json["events"]
    assert event["labels"]["species"] == {
        "class": "fox",
        "confidence": pytest.approx(0.7),
        "probabilities": {"fox": pytest.approx(0.7), "wolf": pytest.approx(0.3)},
    }


def test_events_beyond_the_limit_of_all_requests_are_refused(serve) -> None:
    server = serve(limits={"max_grouped_photos": 40})
    photos = 30 * [photo("2016-09-25T18:35:10")]
    with server.service.reserve_grouping(20):
        reply = server.post(EVENTS, {"within": 60, "photos": photos})
    assert (reply.status, reply.headers["retry-after"]) == (429, "1")
    assert reply.error.startswith("too many requests: the photos of other requests are being")
    assert len(groups(server, photos)) == 1
    assert server.post(EVENTS, {"within": 60, "photos": 2 * photos}).status == 413


def test_events_have_a_timeout_and_their_thread_stops(serve, monkeypatch) -> None:
    stopped = threading.Event()

    def endless(*arguments: Any) -> None:
        check = arguments[-1]
        try:
            while True:
                check()
        finally:
            stopped.set()

    monkeypatch.setattr(v1, "aggregate_events", endless)
    server = serve(limits={"timeout": 0.3})
    reply = server.post(EVENTS, {"within": 60, "photos": []})
    assert (reply.status, reply.error.startswith("no response within 0.3 s")) == (504, True)
    assert stopped.wait(60)


def test_events_equal_those_of_predict(server, model_file, jpeg, tmp_path) -> None:
    taken = ["2016:09:25 18:35:10", "2016:09:25 18:35:55", "2016:09:25 19:00:00", None]
    paths = [tmp_path / f"{number}.jpg" for number in range(4)]
    for number, path in enumerate(paths):
        path.write_bytes(jpeg((50 * number, 0, 99), taken[number]))
    found = {event.id: event.images for event in find_events([tmp_path], max_gap=60)}
    predicted = ctc.load_model(model_file).predict(found).events
    answers = [server.send_photo(path.read_bytes()).json["predictions"][0] for path in paths]
    photos = [
        {
            "taken": one["photos"][0]["taken"],
            "labels": {n: v["probabilities"] for n, v in one["labels"].items()},
        }
        for one in answers
    ]
    events = server.post(EVENTS, {"within": 60, "photos": photos}).json["events"]
    assert [[str(paths[at]) for at in event["photos"]] for event in events] == [
        list(one) for one in found.values()
    ]
    assert [list(event["labels"]["species"]["probabilities"].values()) for event in events] == [
        event.probabilities["species"].tolist() for event in predicted
    ]


def test_events_of_no_photos_are_empty(server) -> None:
    assert groups(server, []) == []


def test_events_refuse_too_many_photos(server) -> None:
    reply = server.post(EVENTS, {"within": 60, "photos": [0] * 100_001})
    assert (reply.status, reply.error) == (
        413,
        "100,001 photos in one request, more than the limit of 100,000",
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"within": 0}, "'within' of the body is not a number of seconds"),
        ({"within": "60"}, "'within' of the body is not a number of seconds"),
        ({"photos": {}}, "'photos' of the body is an object, not a list"),
        ({"photos": [3]}, "photos[0] is a number, not an object"),
        ({"photos": [{}]}, "photos[0] has no 'labels'"),
        ({"photos": [{"labels": {"species": {}}}]}, "'labels' of photos[0] has no 'count'"),
        (
            {"photos": [photo(None, labels=SURE | {"species": {"fox": 0.9}})]},
            "'species' of photos[0] does not give each",
        ),
        (
            {"photos": [photo(None, labels=SURE | {"species": {"fox": 2, "wolf": 0}})]},
            "'species' of photos[0] does not give",
        ),
        ({"photos": [photo("yesterday")]}, "'taken' of photos[0] is not a time"),
        ({"photos": [photo(5)]}, "'taken' of photos[0] is not a time"),  # type: ignore[arg-type]
    ],
)
def test_events_refuse_a_malformed_request(server, change: dict[str, Any], message: str) -> None:
    reply = server.post(EVENTS, {"within": 60, "photos": [], **change})
    assert (reply.status, reply.error[: len(message)]) == (400, message)
