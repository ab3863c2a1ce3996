"""Answers, undo, classes and leases over HTTP."""

from __future__ import annotations

import pytest

ANA, BEN, LEA = "token-of-ana", "token-of-ben", "token-of-lea"


def test_answer_is_in_the_store_when_it_is_acknowledged(api) -> None:
    reply = api.answer(0, "deer")
    (event,) = reply.json()["events"]
    assert (event["mine"], event["state"]) == ({"species": ["deer"]}, "answered")
    assert api.store.event(api.keys[0]).answer.labels == {"species": ("deer",)}


def test_answer_that_is_sent_again_is_added_once(api) -> None:
    assert api.answer(0, "deer").json() == api.answer(0, "deer").json()
    assert len(api.store.history(api.keys[0])) == 1


def test_undo_that_is_sent_again_undoes_once(api) -> None:
    api.answer(0, "deer")
    api.answer(1, "deer")
    for _ in range(2):
        assert api.post("/api/undo", {"request": "u1"}).json()["can_redo"] is True
    assert [event.state for event in api.store.events(api.keys[:2])] == ["answered", "open"]


def test_redo_gives_the_answer_back(api) -> None:
    api.answer(0, "deer")
    api.post("/api/undo", {"request": "u1"})
    (event,) = api.post("/api/redo", {"request": "r1"}).json()["events"]
    assert event["mine"] == {"species": ["deer"]}


def test_conflict_shows_both_answers(guarded) -> None:
    guarded.answer(0, "wolf", BEN)
    reply = guarded.answer(0, "fox", ANA, versions={guarded.keys[0]: 0})
    assert reply.status_code == 409
    assert reply.json()["error"] == ("ben answered this event meanwhile: look again, then answer")
    assert reply.json()["others"] == {guarded.keys[0]: "ben"}
    assert reply.json()["events"][0]["others"] == {"ben": {"species": ["wolf"]}}
    assert guarded.store.event(guarded.keys[0]).state == "answered"


def test_reviewer_sees_the_answers_of_others_after_the_own_one(guarded) -> None:
    guarded.answer(0, "wolf", BEN)
    before, after = (
        guarded.get("/api/events", ANA, keys=guarded.keys[0]).json()["events"][0],
        guarded.answer(0, "fox", ANA).json()["events"][0],
    )
    assert (before["answered_by"], before["others"], before["answer"]) == (["ben"], {}, None)
    assert (after["others"], after["state"]) == ({"ben": {"species": ["wolf"]}}, "disagreement")


def test_lead_sees_all_answers_and_settles_them(guarded) -> None:
    guarded.answer(0, "wolf", BEN)
    guarded.answer(0, "fox", ANA)
    (event,) = guarded.get("/api/events", LEA, queue="disagreements").json()["events"]
    assert event["others"] == {"ben": {"species": ["wolf"]}, "ana": {"species": ["fox"]}}
    assert guarded.answer(0, "fox", LEA).json()["events"][0]["state"] == "answered"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "the body is not a JSON object"),
        ({"keys": []}, "'keys' is not a list of keys of events"),
        ({"keys": ["x"], "request": "1"}, "'None' is not an answer"),
        ({"keys": ["x"], "request": "1", "answer": {"species": "fox"}}, "there is no event"),
        ({"keys": ["x"], "answer": {}, "request": ""}, "'request' is not a text"),
        ({"keys": ["x"], "answers": {}}, "no field is called 'answers'"),
        ({"keys": ["x"], "versions": {"x": "1"}}, "'versions' is not an object of numbers"),
        ({"keys": ["x"] * 5001}, "'keys' has 5,001 events"),
    ],
)
def test_malformed_answers_are_refused(api, content: object, message: str) -> None:
    reply = api.post("/api/answers", content)
    assert reply.status_code == 400
    assert reply.json()["error"].startswith(message)


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/api/answers", '"keys": ["\\ud800"]'),
        ("/api/undo", '"request": "\\ud800"'),
        ("/api/lease", '"keys": ["\\ud800"]'),
        ("/api/classes", '"name": "\\ud800"'),
    ],
)
def test_half_a_character_is_refused(api, path: str, field: str) -> None:
    reply = api.client.post(path, content=f"{{{field}}}")
    assert (reply.status_code, reply.json()["error"]) == (
        400,
        "the body has half a character: send whole ones",
    )


def test_unknown_class_is_refused(api) -> None:
    reply = api.answer(0, "foxx")
    assert (reply.status_code, reply.json()["error"]) == (
        400,
        "label 'species' has no class 'foxx': did you mean 'fox'?",
    )


def test_reviewer_may_not_add_a_class(guarded) -> None:
    reply = guarded.post("/api/classes", {"label": "species", "name": "okapi"}, BEN)
    assert (reply.status_code, reply.json()["error"]) == (
        403,
        "only a lead may add classes: ask one",
    )


def test_lead_adds_a_class(guarded) -> None:
    assert guarded.post("/api/classes", {"label": "species", "name": "okapi"}, LEA).is_success
    assert guarded.answer(0, "okapi", BEN).is_success


def test_lease_tells_of_others(guarded) -> None:
    keys = guarded.keys[:2]
    assert guarded.post("/api/lease", {"keys": keys}, BEN).json() == {"leases": {}}
    assert guarded.post("/api/lease", {"keys": keys}, ANA).json() == {
        "leases": dict.fromkeys(keys, "ben")
    }
    guarded.post("/api/release", {"keys": keys[:1]}, BEN)
    shown = guarded.get("/api/events", ANA, keys=",".join(keys)).json()["events"]
    assert [event["lease"] for event in shown] == [None, "ben"]


def test_store_that_is_read_only_is_told_as_such(api) -> None:
    api.store.close()
    reply = api.answer(0, "fox")
    assert reply.status_code == 503
    assert reply.json()["error"].endswith("is closed")
