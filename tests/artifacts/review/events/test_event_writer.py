from dataclasses import replace

import pytest
from review_events import FOX, LABELS, WOLF, make_event

from ctc.artifacts.review.events.event_writer import LoadResult
from ctc.errors import InputError


def test_replace_events_keeps_answers_by_id_and_photos(store, keys, ann):
    store.answer(ann, keys[1:2], FOX)
    result = store.replace_events([make_event(name) for name in "edcba"], LABELS)
    assert result == LoadResult(events=5, new=0, rejoined=0, gone=0, answered=1)
    assert [(event.id, event.answer) for event in store.iter_events()] == [
        *(("e", None), ("d", None), ("c", None), ("b", FOX), ("a", None))
    ]
    assert store.event(keys[1]).id == "b"


def test_replace_events_replaces_predictions(store, keys):
    store.replace_events([make_event("a", "a/1.jpg", "a/2.jpg")])
    assert len(list(store.iter_events())) == 1


def test_replace_events_forgets_events_without_answers(store, keys, ann):
    store.replace_events([make_event("f")])
    assert [event.id for event in store.iter_events(with_gone=True)] == ["f"]


def test_replace_events_keeps_answers_of_events_that_are_gone(store, keys, ann):
    store.answer(ann, keys[:1], FOX)
    result = store.replace_events([make_event("f")])
    assert result == LoadResult(events=1, new=1, rejoined=0, gone=1, answered=0)
    event = store.event(keys[0])
    assert (event.is_gone, event.answer) == (True, FOX)
    assert [photo.path for photo in event.photos] == ["a/1.jpg", "a/2.jpg"]
    assert [one.id for one in store.iter_events(with_gone=True)] == ["f", "a"]


def test_replace_events_brings_back_an_event_that_was_gone(store, keys, ann):
    store.answer(ann, keys[:1], FOX)
    store.replace_events([make_event("f")])
    result = store.replace_events([make_event("a")])
    assert (result.new, result.gone, result.answered) == (0, 0, 1)
    assert store.event(keys[0]).photos == make_event("a").photos


def test_replace_events_joins_the_same_photos_under_another_id(store, keys, ann):
    store.answer(ann, keys[:1], FOX)
    result = store.replace_events([make_event("event 1", "a/1.jpg", "a/2.jpg"), make_event("b")])
    assert result == LoadResult(events=2, new=0, rejoined=1, gone=0, answered=1)
    assert (store.event(keys[0]).id, store.event(keys[0]).answer) == ("event 1", FOX)


def test_replace_events_joins_the_same_id_with_moved_photos(store, keys, ann):
    store.answer(ann, keys[:1], FOX)
    result = store.replace_events([make_event("a", "disk/a/1.jpg", "disk/a/2.jpg")])
    assert (result.rejoined, result.gone) == (1, 0)
    assert [photo.path for photo in store.event(keys[0]).photos] == ["disk/a/1.jpg", "disk/a/2.jpg"]


@pytest.mark.parametrize("time", ["", "2026-06-01T12:00:00"])
def test_replace_events_does_not_join_names_without_the_same_time(store, keys, ann, time):
    store.answer(ann, keys[:1], FOX)
    other = replace(make_event("a", "2026/a/1.jpg", "2026/a/2.jpg"), time=time)
    assert store.replace_events([other]).gone == 1


def single_photos(folder):
    names = [f"{folder}cam{camera}/IMG_1.jpg" for camera in (1, 2, 3)]
    return [make_event(name, name) for name in names]


@pytest.mark.parametrize(
    ("before", "now"), [("", "photos/"), ("D:/2025/", "/disk/"), ("a/b/", "a/c/"), ("x/y/", "")]
)
def test_replace_events_joins_moved_photos_that_are_named_by_their_paths(store, ann, before, now):
    store.replace_events(single_photos(before))
    _, second, third = store.iter_events()
    store.answer(ann, [second.key, third.key], WOLF)
    result = store.replace_events(single_photos(now))
    assert (result.rejoined, result.gone) == (2, 0)
    assert [(event.id, event.answer) for event in store.iter_events()] == [
        (f"{now}cam1/IMG_1.jpg", None),
        (f"{now}cam2/IMG_1.jpg", WOLF),
        (f"{now}cam3/IMG_1.jpg", WOLF),
    ]


def test_replace_events_takes_no_namesake_for_a_photo_that_is_gone(store, ann):
    first, second, third = single_photos("")
    store.replace_events([first, second])
    store.answer(ann, [event.key for event in store.iter_events()], WOLF)
    result = store.replace_events([first, third])
    assert (result.rejoined, result.gone) == (0, 1)


def test_replace_events_does_not_join_other_photos(store, keys, ann):
    store.answer(ann, keys[:1], FOX)
    result = store.replace_events([make_event("a", "a/1.jpg", "a/3.jpg")])
    assert (result.new, result.rejoined, result.gone) == (1, 0, 1)


def test_replace_events_gives_a_new_key_to_photos_that_return(store, keys, ann):
    store.answer(ann, keys[:1], FOX)
    moved, old = make_event("a", "x/1.jpg", "x/2.jpg"), make_event("a")
    store.replace_events([moved])
    store.replace_events([moved, old])
    assert [(event.photos, event.answer) for event in store.iter_events()] == [
        *((moved.photos, FOX), (old.photos, None))
    ]


def test_replace_events_lets_undo_go_on(store, keys, ann):
    store.answer(ann, keys[:1], FOX)
    store.answer(ann, keys[:1], WOLF)
    store.replace_events([make_event("a")])
    store.undo(ann)
    assert store.event(keys[0]).answer == FOX


def test_replace_events_refuses_an_event_twice_and_changes_nothing(store):
    with pytest.raises(InputError, match=r"^event 'x' is there twice$"):
        store.replace_events([make_event("x"), make_event("x")])
    assert [event.id for event in store.iter_events()] == list("abcde")


def test_replace_events_counts_progress(store):
    counts = []
    store.replace_events((make_event(str(n)) for n in range(1_500)), on_progress=counts.append)
    assert counts == [1_000, 500]
