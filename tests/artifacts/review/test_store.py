import pytest
from review_events import FOX, LABELS, UNSURE, WOLF, make_event

from ctc.artifacts.review.about import StoreAbout
from ctc.artifacts.review.answer import Answer
from ctc.artifacts.review.records import Guess, ReviewLabel
from ctc.artifacts.review.store import ReviewStore
from ctc.artifacts.review.versions import ConflictError
from ctc.errors import InputError


def test_events_are_read_as_they_were_written(store, keys):
    event = store.event(keys[1])
    written = make_event("b")
    assert (event.id, event.photos, event.place, event.time) == (
        *("b", written.photos, "north", "2025-06-01T12:00:00"),
    )
    assert event.predictions == written.predictions
    assert (event.blank, event.meta, event.position) == (0.0, {"altitude": "300"}, 1)


def test_events_keeps_the_order_of_keys_and_leaves_out_unknown_ones(store, keys):
    found = store.events([keys[3], "unknown", keys[0]])
    assert [event.id for event in found] == ["d", "a"]


def test_events_reads_more_keys_than_one_statement_takes(store):
    store.replace_events([make_event(f"{number:04}") for number in range(1_200)])
    keys = [event.key for event in store.iter_events()]
    assert [event.id for event in store.events(keys)][-1] == "1199"


def test_iter_events_of_some_states(store, keys, ann):
    store.answer(ann, keys[1:3], FOX)
    store.answer(ann, keys[4:], UNSURE)
    assert [event.id for event in store.iter_events(["answered", "unsure"])] == ["b", "c", "e"]


def test_answer_returns_its_records(store, keys, ann):
    (record,) = store.answer(ann, keys[:1], FOX)
    assert (record.reviewer, record.role, record.kind) == ("Ann", "reviewer", "answer")
    assert record.made_at == "2025-06-15T15:06:40.000Z"
    assert (record.before, record.after) == (None, FOX)


def test_answer_knows_the_answer_before(store, keys, ann):
    store.answer(ann, keys[:1], FOX)
    (record,) = store.answer(ann, keys[:1], WOLF)
    assert (record.before, record.after) == (FOX, WOLF)


def test_answer_settles_the_event(store, keys, ann):
    store.answer(ann, keys[:1], FOX)
    event = store.event(keys[0])
    assert (event.state, event.answer, event.answers) == ("answered", FOX, {"Ann": FOX})


def test_answer_is_there_when_the_store_is_opened_again(store, keys, ann):
    store.answer(ann, keys[:2], FOX)
    store.close()
    with ReviewStore.open(store.path) as again:
        assert [event.id for event in again.iter_events(["answered"])] == ["a", "b"]


def test_answer_of_two_reviewers_who_differ_is_a_disagreement(store, keys, ann, bob):
    store.answer(ann, keys[:1], FOX)
    store.answer(bob, keys[:1], WOLF)
    event = store.event(keys[0])
    assert (event.state, event.answer) == ("disagreement", None)
    assert event.answers == {"Ann": FOX, "Bob": WOLF}


def test_answer_of_a_lead_settles_a_disagreement(store, keys, ann, bob, lea):
    for reviewer, answer in ((ann, FOX), (bob, WOLF), (lea, WOLF)):
        store.answer(reviewer, keys[:1], answer)
    assert (store.event(keys[0]).state, store.event(keys[0]).answer) == ("answered", WOLF)


def test_answer_merges_into_the_own_one(store, keys, ann):
    store.answer(ann, keys[:1], FOX)
    store.answer(ann, keys[:2], Answer({"count": ("2",)}), merge=True)
    assert store.event(keys[0]).answer == Answer({"count": ("2",), "species": ("fox",)})
    assert store.event(keys[1]).answer == Answer({"count": ("2",)})


def test_answer_tells_who_answered_meanwhile(store, keys, ann, bob):
    seen = dict.fromkeys(keys[:2], 0)
    store.answer(ann, keys[:1], FOX)
    with pytest.raises(ConflictError, match=r"^Ann answered 1 of 2 events meanwhile") as error:
        store.answer(bob, keys[:2], WOLF, versions=seen)
    assert error.value.others == {keys[0]: "Ann"}
    assert store.event(keys[1]).state == "open"


def test_answer_is_no_conflict_with_oneself(store, keys, ann):
    store.answer(ann, keys[:1], FOX)
    store.answer(ann, keys[:1], WOLF, versions={keys[0]: 0})
    assert store.event(keys[0]).answer == WOLF


def test_answer_is_no_conflict_with_the_version_that_was_seen(store, keys, ann, bob):
    store.answer(ann, keys[:1], FOX)
    seen = {keys[0]: store.event(keys[0]).version}
    store.answer(bob, keys[:1], FOX, versions=seen)
    assert store.event(keys[0]).state == "answered"


def test_answer_of_a_repeated_request_is_there_once(store, keys, ann):
    first = store.answer(ann, keys[:1], FOX, request="r1")
    assert store.answer(ann, keys[:1], FOX, request="r1") == first
    assert len(store.history(keys[0])) == 1


def test_answer_for_one_key_twice_is_one_record(store, keys, ann):
    assert len(store.answer(ann, [keys[0], keys[0]], FOX)) == 1


def test_answer_refuses_an_unknown_event_and_changes_nothing(store, keys, ann):
    with pytest.raises(InputError, match=r"^there is no event with the key 'x'$"):
        store.answer(ann, [keys[0], "x"], FOX)
    assert store.records() == []


def test_answer_refuses_no_event(store, ann):
    with pytest.raises(InputError, match=r"^an answer names no event$"):
        store.answer(ann, [], FOX)


def test_undo_of_a_repeated_request_takes_back_one_action(store, keys, ann):
    store.answer(ann, keys[:1], FOX)
    store.answer(ann, keys[:1], WOLF)
    store.undo(ann, request="u1")
    store.undo(ann, request="u1")
    assert store.event(keys[0]).answer == FOX


def test_undo_takes_back_a_whole_selection(store, keys, ann):
    store.answer(ann, keys, FOX)
    assert len(store.undo(ann)) == 5
    assert store.count_states() == {"open": 5}


def test_undo_leaves_others_alone(store, keys, ann, bob):
    store.answer(ann, keys[:1], FOX)
    store.answer(bob, keys[1:2], WOLF)
    store.undo(ann)
    assert [event.id for event in store.iter_events(["answered"])] == ["b"]


def test_redo_is_over_after_another_answer(store, keys, ann):
    store.answer(ann, keys[:1], FOX)
    store.undo(ann)
    store.answer(ann, keys[1:2], WOLF)
    assert store.can_undo("Ann") == (True, False)
    assert store.redo(ann) == []


def test_history_has_all_records_of_an_event(store, keys, ann):
    store.answer(ann, keys[:1], FOX)
    store.undo(ann)
    store.redo(ann)
    kinds = [(one.kind, one.refers_to, one.after) for one in store.history(keys[0])]
    assert kinds == [("answer", None, FOX), ("undo", 1, None), ("redo", 2, FOX)]


def test_records_come_in_pages(store, keys, ann):
    store.answer(ann, keys, FOX)
    assert [record.number for record in store.records(after=2, limit=2)] == [3, 4]


@pytest.mark.parametrize("table", ["actions", "records"])
@pytest.mark.parametrize("change", ["DELETE FROM {}", "UPDATE {} SET number = 9"])
def test_tables_of_answers_are_append_only(store, keys, ann, table, change):
    store.answer(ann, keys[:1], FOX)
    with pytest.raises(Exception, match=f"{table} are append-only"), store.read() as connection:
        connection.execute(change.format(table))


def test_labels_are_read_as_they_were_written(store):
    assert store.labels() == LABELS


def test_set_labels_keeps_labels_and_classes_of_before(store):
    store.set_labels([ReviewLabel("species", ("fox", "bear"), ("fox", "bear"))])
    species, count, behaviour = store.labels()
    assert species == ReviewLabel("species", ("fox", "bear", "wolf", "empty"), ("fox", "bear"))
    assert (count.name, behaviour.name) == ("count", "behaviour")


def test_about_is_read_as_it_was_written(store):
    about = StoreAbout("ctc 3", "predictions.csv", "abcd", photo_root="/photos")
    store.set_about(about)
    assert store.about() == about


def test_photo_is_found_by_key_and_number(store, keys):
    assert store.photo(keys[2], 1).path == "c/2.jpg"
    assert store.photo(keys[2], 2) is None


def test_photo_location_starts_at_the_root(store, keys):
    store.set_about(StoreAbout(photo_root="/disk"))
    assert store.photo_location(store.photo(keys[0], 0)) == "/disk/a/1.jpg"


def test_guesses_keep_their_order(store, keys):
    guesses = store.event(keys[0]).predictions["species"].guesses
    assert guesses == (Guess("fox", 0.75), Guess("wolf", 0.25))
