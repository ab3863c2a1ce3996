from dataclasses import replace

import pytest
from review_events import FOX, LABELS, make_event

from ctc.artifacts.review.answer import Answer
from ctc.artifacts.review.records import ReviewLabel
from ctc.artifacts.review.store import ReviewStore
from ctc.errors import InputError

SAME = LABELS[:1]


def ids(store, **options):
    return [event.id for event in store.iter_events(**options)]


def test_add_events_puts_new_ones_last(store):
    (key,) = store.add_events([make_event("new")], SAME)
    assert ids(store) == ["a", "b", "c", "d", "e", "new"]
    found = store.event(key)
    assert found.photos == make_event("new").photos
    assert found.predictions == make_event("new").predictions


def test_add_events_keeps_those_that_are_there(store, keys):
    changed = replace(make_event("a"), place="south")
    assert store.add_events([changed], SAME) == keys[:1]
    assert store.event(keys[0]).place == "north"


def test_add_events_knows_the_same_photos_under_another_id(store, keys):
    assert store.add_events([make_event("other", "a/1.jpg", "a/2.jpg")], SAME) == keys[:1]


def test_add_events_brings_back_one_that_is_gone(store, keys, ann):
    store.answer(ann, keys[:1], FOX)
    store.replace_events([make_event("f")])
    assert store.add_events([make_event("a")], SAME) == keys[:1]
    assert ids(store) == ["f", "a"]
    assert store.event(keys[0]).answer == FOX


def test_add_events_adds_labels_and_classes(store):
    store.add_events([], [ReviewLabel("species", ("fox", "lynx")), ReviewLabel("sex", ("male",))])
    known = {label.name: label.classes for label in store.labels()}
    assert known["species"] == ("fox", "wolf", "empty", "lynx")
    assert known["sex"] == ("male",)


def test_add_events_of_a_model_with_other_classes_keeps_its_guesses(store):
    other = ReviewLabel("species", ("fox", "wolf"), ("fox", "wolf"))
    (key,) = store.add_events([make_event("new")], [other])
    prediction = store.event(key).predictions["species"]
    assert prediction.probabilities == ()
    assert prediction.guesses == make_event("new").predictions["species"].guesses


def test_add_events_to_an_empty_store(tmp_path):
    with ReviewStore.open(tmp_path / "new.sqlite", make=True) as store:
        (key,) = store.add_events([make_event("a")], LABELS)
        store.answer(store.ensure_reviewer("Ann"), [key], Answer({"count": ("3",)}))
        assert store.event(key).answer == Answer({"count": ("3",)})


def test_add_events_refuses_what_is_no_class(store):
    with pytest.raises(InputError, match="is no name of a class"):
        store.add_events([make_event("new")], [ReviewLabel("species", ("",))])
    assert ids(store) == ["a", "b", "c", "d", "e"]
