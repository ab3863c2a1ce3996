from review_events import FOX

from ctc.artifacts.review.records import Lease


def test_lease_tells_what_others_hold_and_takes_the_rest(store, keys):
    store.lease("Ann", keys[:2])
    assert store.lease("Bob", keys[1:3]) == [Lease(keys[1], "Ann", "2025-06-15T15:08:40.000Z")]
    assert [event.lease and event.lease.reviewer for event in store.events(keys[:4])] == [
        *("Ann", "Ann", "Bob", None)
    ]


def test_lease_again_is_longer(store, keys, clock):
    store.lease("Ann", keys[:1], seconds=100)
    clock.now += 60
    store.lease("Ann", keys[:1], seconds=100)
    clock.now += 60
    assert store.event(keys[0]).lease.reviewer == "Ann"


def test_lease_expires(store, keys, clock):
    store.lease("Ann", keys[:1], seconds=100)
    clock.now += 100
    assert store.event(keys[0]).lease is None
    assert store.lease("Bob", keys[:1]) == []


def test_release_ends_only_the_own_lease(store, keys):
    store.lease("Ann", keys[:1])
    store.release("Bob", keys[:1])
    assert store.event(keys[0]).lease.reviewer == "Ann"
    store.release("Ann", keys[:1])
    assert store.event(keys[0]).lease is None


def test_answer_ends_the_lease(store, keys, ann):
    store.lease("Ann", keys[:2])
    store.answer(ann, keys[:1], FOX)
    assert [event.lease is None for event in store.events(keys[:2])] == [True, False]
