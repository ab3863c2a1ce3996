"""Events by the time that cameras wrote, from answers per photo."""

from __future__ import annotations

from typing import Any

import pytest

import ctc
from ctc.inference.events.sources import find_events

EVENTS = "/v1/models/model:events"
SURE = {"species": {"fox": 0.9, "wolf": 0.1}, "count": {"1": 1, "2+": 0}}
UNSURE = {"species": {"fox": 0.5, "wolf": 0.5}, "count": {"1": 0.0, "2+": 1.0}}


def photo(taken: str | None, folder: str = "north", labels: Any = None) -> dict[str, Any]:
    return {"folder": folder, "taken": taken, "labels": labels or SURE}


def groups(server, photos: list[dict[str, Any]], within: float = 60) -> list[list[int]]:
    reply = server.post(EVENTS, {"within": within, "photos": photos})
    return [event["photos"] for event in reply.json["events"]]


def test_photos_shortly_after_each_other_are_one_event(server) -> None:
    photos = [
        photo("2016-09-25T18:35:10"),
        photo("2016-09-25T18:40:00"),
        photo("2016-09-25T18:35:50"),
    ]
    assert groups(server, photos) == [[0, 2], [1]]


def test_photos_without_a_time_and_of_another_folder_stay_alone(server) -> None:
    photos = [
        photo("2016-09-25T18:35:10"),
        photo(None),
        photo(None),
        photo("2016-09-25T18:35:11", "south"),
    ]
    assert groups(server, photos) == [[0], [1], [2], [3]]


def test_the_answer_for_an_event_is_that_of_its_photos_together(server) -> None:
    photos = [photo("2016-09-25T18:35:10"), photo("2016-09-25T18:35:10", labels=UNSURE)]
    (event,) = server.post(EVENTS, {"within": 1, "photos": photos}).json["events"]
    assert event["labels"]["species"] == {
        "class": "fox",
        "confidence": pytest.approx(0.7),
        "probabilities": {"fox": pytest.approx(0.7), "wolf": pytest.approx(0.3)},
    }


def test_events_are_those_of_predict(server, model_file, jpeg, tmp_path) -> None:
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


def test_no_photos_are_no_events(server) -> None:
    assert groups(server, []) == []


def test_more_photos_than_are_grouped_at_a_time_are_refused(server) -> None:
    reply = server.post(EVENTS, {"within": 60, "photos": [0] * 100_001})
    assert (reply.status, reply.error) == (
        413,
        "100,001 photos, more than the 100,000 that are grouped at a time",
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
def test_what_can_t_be_grouped_is_refused(server, change: dict[str, Any], message: str) -> None:
    reply = server.post(EVENTS, {"within": 60, "photos": [], **change})
    assert (reply.status, reply.error[: len(message)]) == (400, message)
