"""Pages of queues: order, filters, and where they go on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from review_world import make_event, make_store

from ctc.artifacts.review.answer import Answer
from ctc.artifacts.review.records import Reviewer
from ctc.artifacts.review.store import ReviewStore
from ctc.review.queues.filters import EventFilter
from ctc.review.queues.pages import count_events, look_alike_keys, read_page
from ctc.review.queues.queue import QUEUES, find_queue

ANA = EventFilter("ana", "species")


@pytest.fixture
def store(tmp_path: Path):
    events = [
        make_event(at, "empty" if at % 5 == 0 else "fox", 0.5 + (at * 7 % 20) / 40, cluster=at // 4)
        for at in range(20)
    ]
    with make_store(tmp_path, events) as store:
        yield store


def ids(store: ReviewStore, queue: str, chosen: EventFilter = ANA, **place: object) -> list[int]:
    with store.read() as connection:
        page = read_page(connection, find_queue(queue), chosen, **place)
    return [int(event.id.split()[1]) for event in store.events(page.keys)]


def test_unsure_events_come_first(store) -> None:
    doubts = [store.event(key).predictions["species"].doubt for key in _keys(store, "unsure")]
    assert doubts == sorted(doubts, reverse=True)


def test_class_shows_the_least_sure_first(store) -> None:
    chosen = replace(ANA, class_name="fox")
    shares = [
        store.event(key).predictions["species"].confidence for key in _keys(store, "class", chosen)
    ]
    assert (len(shares), shares) == (16, sorted(shares))


def test_empties_are_those_that_are_probably_empty(store) -> None:
    assert ids(store, "empties") == [15, 10, 5, 0]


def test_audit_has_an_order_of_its_own(store) -> None:
    order = ids(store, "audit")
    assert sorted(order) == list(range(20))
    assert order != list(range(20))


@pytest.mark.parametrize(
    "queue", [queue.name for queue in QUEUES if queue.name in ("all", "unsure", "audit", "worth")]
)
def test_pages_join_without_gap_when_events_leave_the_queue(store, queue: str) -> None:
    chosen = replace(ANA, state="open")
    whole = _keys(store, queue, chosen)
    with store.read() as connection:
        first = read_page(connection, find_queue(queue), chosen, limit=8)
    store.answer(Reviewer("ana"), first.keys[:5], Answer({"species": ("fox",)}))
    with store.read() as connection:
        second = read_page(connection, find_queue(queue), chosen, first.next, limit=100)
    assert [*first.keys, *second.keys] == whole


def test_second_look_has_what_others_answered(store) -> None:
    keys = _keys(store, "all")
    store.answer(Reviewer("ben"), keys[:2], Answer({"species": ("fox",)}))
    store.answer(Reviewer("ana"), keys[1:3], Answer({"species": ("fox",)}))
    assert ids(store, "second") == [0]


def test_disagreements(store) -> None:
    keys = _keys(store, "all")
    store.answer(Reviewer("ben"), keys[:1], Answer({"species": ("fox",)}))
    store.answer(Reviewer("ana"), keys[:1], Answer({"species": ("deer",)}))
    assert ids(store, "disagreements") == [0]


def test_class_is_that_of_people_once_there_is_an_answer(store) -> None:
    store.answer(Reviewer("ana"), _keys(store, "all")[:1], Answer({"species": ("wolf",)}))
    assert ids(store, "all", replace(ANA, class_name="wolf")) == [0]
    assert 0 not in ids(store, "all", replace(ANA, class_name="empty"))


def test_counts_equal_pages(store) -> None:
    with store.read() as connection:
        counts = {queue.name: count_events(connection, queue, ANA) for queue in QUEUES}
    assert counts == {queue.name: len(ids(store, queue.name)) for queue in QUEUES}


def test_look_alikes_are_the_open_events_of_a_group(store) -> None:
    keys = _keys(store, "all")
    store.answer(Reviewer("ana"), keys[1:2], Answer({"species": ("fox",)}))
    with store.read() as connection:
        assert look_alike_keys(connection, keys[0]) == [keys[0], *keys[2:4]]


@pytest.mark.parametrize("queue", [one.name for one in QUEUES])
def test_first_page_is_found_by_an_index(store, queue: str) -> None:
    """No queue of open events is sorted as a whole, except that of the few with answers."""
    chosen = replace(ANA, state="open", class_name="fox" if queue == "class" else "")
    plans = []
    with store.read() as connection:
        connection.set_trace_callback(plans.append)
        read_page(connection, find_queue(queue), chosen)
        connection.set_trace_callback(None)
        query = next(one for one in plans if one.startswith("SELECT e.key"))
        plan = connection.execute(f"EXPLAIN QUERY PLAN {query}").fetchall()
    is_sorted = any("USE TEMP B-TREE" in row["detail"] for row in plan)
    assert is_sorted == (queue == "second")


def _keys(store: ReviewStore, queue: str, chosen: EventFilter = ANA) -> list[str]:
    with store.read() as connection:
        return list(read_page(connection, find_queue(queue), chosen, limit=100).keys)
