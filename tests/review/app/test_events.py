"""Queues, pages and groups over HTTP."""

from __future__ import annotations

import pytest

from ctc.artifacts.review.answer import Answer
from ctc.artifacts.review.records import Reviewer


def ids(reply) -> list[str]:
    return [event["id"] for event in reply.json()["events"]]


def test_page_follows_page(api) -> None:
    first = api.get("/api/events", queue="unsure", limit=4)
    assert ids(first) == ["event 5", "event 4", "event 3", "event 2"]
    after = str(first.json()["next"])
    second = api.get("/api/events", queue="unsure", limit=4, after=after)
    assert (ids(second), second.json()["next"]) == (["event 1", "event 0"], None)


def test_page_skips_events_that_are_not_seen(api) -> None:
    assert ids(api.get("/api/events", queue="all", limit=2, skip=3)) == ["event 3", "event 4"]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"place": "south"}, ["event 4", "event 5"]),
        ({"class": "fox"}, ["event 0", "event 1"]),
        ({"least": "0.8"}, ["event 0", "event 1", "event 2"]),
        ({"most": "0.7"}, ["event 4", "event 5"]),
        ({"since": "2025-06-03", "until": "2025-06-04"}, ["event 2", "event 3"]),
        ({"state": "answered"}, []),
    ],
)
def test_page_is_filtered(api, filters: dict[str, str], expected: list[str]) -> None:
    assert ids(api.get("/api/events", **filters)) == expected


def test_page_is_filtered_by_reviewer(api) -> None:
    api.answer(2, "fox")
    assert ids(api.get("/api/events", answered_by="ana")) == ["event 2"]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"queue": "unsur"}, "there is no queue 'unsur': did you mean 'unsure'?"),
        ({"qeue": "all"}, "no query parameter called 'qeue': did you mean 'queue'?"),
        ({"after": "x"}, "'after' is 'x', not the 'next' of a page"),
        ({"after": "[1e999,1]"}, "'after' is '[1e999,1]', not the 'next' of a page"),
        ({"after": f"[1,{1 << 63}]"}, f"'after' is '[1,{1 << 63}]', not the 'next' of a page"),
        ({"limit": "-1"}, "'limit' is '-1', not a number"),
        ({"least": "nan"}, "'least' is 'nan', not a number from 0 to 1"),
        ({"state": "opn"}, "'state' is 'opn': did you mean 'open'?"),
    ],
)
def test_malformed_queries_are_refused(api, query: dict[str, str], message: str) -> None:
    reply = api.get("/api/events", **query)
    assert (reply.status_code, reply.json()["error"]) == (400, message)


def test_queues_are_counted(api) -> None:
    counts = api.get("/api/queues", state="open").json()
    assert (counts["queues"]["all"], counts["queues"]["empties"]) == (6, 2)
    assert counts["classes"][:2] == [["empty", 2], ["fox", 2]]
    assert counts["places"] == [["north", 4], ["south", 2]]


def test_group_has_the_open_events_that_look_alike(api) -> None:
    reply = api.get(f"/api/group/{api.keys[3]}")
    assert [event["key"] for event in reply.json()["events"]] == api.keys[2:4]


def test_group_of_an_unknown_event(api) -> None:
    assert api.get("/api/group/nothing").status_code == 404


def test_event_has_photos_boxes_and_guesses(api) -> None:
    (event,) = api.get("/api/events", keys=api.keys[0]).json()["events"]
    (photo,) = event["photos"]
    assert (photo["name"], photo["boxes"][0]["bbox"]) == ("00000-0.jpg", [0.25, 0.3, 0.4, 0.5])
    assert event["predictions"]["species"]["guesses"][0] == ["fox", 0.9]
    assert len(event["predictions"]["species"]["guesses"]) == 9


def test_progress_counts_answers_and_speed(api) -> None:
    api.answer(0, "fox")
    summary = api.get("/api/summary").json()
    (ana,) = summary["reviewers"]
    assert summary["states"] == {"open": 5, "answered": 1}
    assert (ana["name"], ana["answers"], ana["recent"]) == ("ana", 1, 1)


def test_progress_has_the_agreement_of_reviewers(api) -> None:
    for at, name in enumerate(("fox", "deer", "fox")):
        api.answer(at, name)
        key = [api.keys[at]]
        api.store.answer(Reviewer("ben"), key, Answer({"species": ("fox",)}))
    (pair,) = api.get("/api/summary").json()["agreements"]
    assert (pair["reviewers"], pair["events"], pair["agreed"]) == (["ana", "ben"], 3, 2)
