"""The page of a review in a real browser, with real key presses."""

from __future__ import annotations

from dataclasses import replace

import pytest
from review_world import CLASSES, make_event

from ctc.artifacts.review.answer import Answer
from ctc.artifacts.review.records import Reviewer, ReviewLabel

pytestmark = pytest.mark.subprocess

BEN = Reviewer("ben")
CURRENT = "document.querySelector('#grid .current')"
SPECIES = [ReviewLabel("species", CLASSES, CLASSES)]


def test_page_takes_one_key_for_a_right_event_and_one_for_a_corrected_one(review) -> None:
    page = review([make_event(at, confidence=0.9 - at / 100) for at in range(20)])
    right, guessed = range(14), range(14, 20)
    page.press(*["Enter"] * len(right), *["2"] * len(guessed))
    page.settled()
    assert page.presses == 20
    assert sorted(page.answers()) == [("deer",)] * 6 + [("fox",)] * 14
    assert page.answers("count") == [("1",)] * 20


def test_page_takes_two_keys_for_a_class_beyond_the_guesses(review) -> None:
    page = review([make_event(0, labels=SPECIES)], labels=SPECIES)
    page.press("j", "Enter")
    page.settled()
    assert (page.presses, page.answers()) == (2, [("jay",)])


def test_page_finds_a_class_by_words_within_names(review) -> None:
    classes = ("red fox", "grey wolf", "owl")
    page = review([make_event(0)], labels=[ReviewLabel("species", (*CLASSES, *classes), CLASSES)])
    page.press("/", "w", "o", "l", "f")
    page.wait("document.querySelectorAll('#type-list [role=option]').length === 2")
    page.press("ArrowDown", "Enter")
    page.settled()
    assert page.answers() == [("grey wolf",)]


def test_page_answers_empty_and_not_sure(review) -> None:
    page = review([make_event(0), make_event(1)])
    page.press("e", "u")
    page.settled()
    assert sorted(page.answers(), key=str) == [("empty",), None]
    assert [event.state for event in page.store.iter_events()].count("unsure") == 1


def test_page_undoes_and_redoes_without_end(review) -> None:
    page = review([make_event(at) for at in range(3)])
    page.press("Enter", "2", "3", "z", "z", "z")
    page.saved("Undone: the event has no answer.")
    page.settled()
    assert page.answers() == [None] * 3
    page.press("y", "y", "y")
    page.saved("Redone: the event is answered: boar, 1.")
    page.settled()
    assert sorted(page.answers()) == [("boar",), ("deer",), ("fox",)]


def test_page_keeps_answers_when_it_is_loaded_again(review) -> None:
    page = review([make_event(0), make_event(1, confidence=0.8)])
    page.press("Enter")
    page.settled()
    page.open()
    page.wait("document.getElementById('chosen').textContent === '1 of 1'")
    assert page.run("document.getElementById('progress-text').textContent") == (
        "1 of 2 events answered"
    )


def test_page_says_saved_only_when_the_server_has_acknowledged(review) -> None:
    page = review([make_event(0), make_event(1)])
    network = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    page.browser.call("Network.emulateNetworkConditions", offline=True, **network)
    page.press("Enter")
    page.wait("!document.getElementById('notice').hidden")
    shown = page.run("document.getElementById('notice').textContent")
    assert shown.startswith("Not saved yet: the server can't be reached. 1 answer waits")
    assert page.run("document.querySelectorAll('.event.done').length") == 0
    page.browser.call("Network.emulateNetworkConditions", offline=False, **network)
    page.saved("Saved: fox")
    assert sorted(page.answers(), key=str) == [("fox",), None]


def test_page_stays_within_the_window_when_a_message_is_long(review) -> None:
    page = review([make_event(0)])
    page.run("document.getElementById('saved').textContent = 'a long message '.repeat(20)")
    right = "Math.round(document.getElementById('panel').getBoundingClientRect().right)"
    assert page.run(right) == 1280


def test_page_sends_what_waited_when_it_is_opened_again(review) -> None:
    page = review([make_event(0)])
    network = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    page.browser.call("Network.emulateNetworkConditions", offline=True, **network)
    page.press("2")
    page.wait("!document.getElementById('notice').hidden")
    page.browser.call("Network.emulateNetworkConditions", offline=False, **network)
    page.browser.open("about:blank")
    page.browser.open(page.url)
    page.settled()
    assert page.answers() == [("deer",)]


def test_page_answers_a_selection_with_one_key(review) -> None:
    page = review([make_event(at) for at in range(4)])
    page.press("x", "ArrowRight", "ArrowRight", "x", "2")
    page.settled()
    assert sorted(page.answers(), key=str) == [("deer",), ("deer",), None, None]
    assert len({record.action for record in page.store.records()}) == 1


def test_page_answers_a_group_of_look_alikes(review) -> None:
    page = review([make_event(at, cluster=at // 3) for at in range(6)])
    page.press("a")
    page.saved("3 events that look alike")
    page.press("3")
    page.settled()
    assert sorted(page.answers(), key=str) == [("boar",)] * 3 + [None] * 3


def test_page_keeps_a_count_for_the_answer_of_the_event(review) -> None:
    page = review([make_event(0)])
    page.press(".", "3")
    assert page.answers() == [None]
    page.press("Enter")
    page.settled()
    assert (page.answers(), page.answers("count")) == ([("fox",)], [("3",)])


def test_page_adds_a_class_that_is_typed(review) -> None:
    page = review([make_event(0)])
    page.press(*"/okapi", "Enter", "Enter")
    page.settled()
    assert page.answers() == [("okapi",)]
    assert "okapi" in page.store.labels()[0].classes


def test_page_names_events_without_a_model_by_typing(review) -> None:
    events = [replace(make_event(at), predictions={}) for at in range(2)]
    page = review(events, labels=[ReviewLabel("species", is_open=True)])
    page.press("Enter", "e", "l", "k", "Enter", "Enter", "1")
    page.settled()
    assert page.answers() == [("elk",), ("elk",)]


def test_page_shows_both_answers_where_others_were_faster(review) -> None:
    page = review([make_event(0)])
    (event,) = page.store.iter_events()
    page.store.answer(BEN, [event.key], Answer({"species": ("wolf",)}))
    page.press("Enter")
    page.wait("!document.getElementById('notice').hidden")
    shown = page.run("document.getElementById('notice').textContent")
    assert "ben says wolf; you said fox, 1. Answer again to keep yours." in shown
    page.press("2")
    page.settled()
    assert page.store.event(event.key).state == "disagreement"


def test_page_tells_who_else_looks_at_an_event(review) -> None:
    page = review([make_event(0), make_event(1)])
    (first, second) = page.store.iter_events()
    page.wait("true")
    while page.store.event(second.key).lease is None:
        page.run("1")
    assert page.store.event(first.key).lease.reviewer == "ana"
    page.browser.open("about:blank")
    page.store.release("ana", [first.key, second.key])
    page.store.lease("ben", [first.key])
    page.open()
    page.wait("document.body.textContent.includes('ben is looking at this')")


def test_page_skips_what_others_look_at(review) -> None:
    page = review([make_event(at, confidence=0.6 + at / 10) for at in range(3)])
    keys = [event.key for event in page.store.iter_events()]
    page.browser.open("about:blank")
    page.store.release("ana", keys)
    page.store.lease("ben", [keys[1]])
    page.open()
    page.press("Enter")
    page.wait("document.querySelector('#panel .hint').textContent === 'event 2'")


def test_page_has_roles_for_screen_readers(review) -> None:
    page = review([make_event(0, photos=2)])
    page.wait(f"{CURRENT} !== null")
    grid = "document.getElementById('grid')"
    assert page.run(f"[{grid}.role, {grid}.tabIndex, document.activeElement === {grid}]") == (
        ["listbox", 0, True]
    )
    assert page.run(f"{grid}.getAttribute('aria-activedescendant') === {CURRENT}.id")
    assert page.run(f"{CURRENT}.role") == "option"
    assert page.run(f"{CURRENT}.getAttribute('aria-label')") == (
        "species: fox, 90 %; count: 1, 80 %; north · 2025-06-01 00:00; 2 photos"
    )
    assert page.run("document.getElementById('saved').role") == "status"
    unnamed = (
        "Array.from(document.querySelectorAll('button, input, select'))"
        ".filter((one) => !one.textContent.trim() && !one.ariaLabel && !one.labels?.length).length"
    )
    assert page.run(unnamed) == 0


def test_page_shows_one_event_with_its_burst(review) -> None:
    page = review([make_event(0, photos=3)])
    page.press("o")
    page.wait("document.getElementById('large').naturalWidth > 0")
    page.press("ArrowDown")
    page.wait("document.getElementById('caption').textContent.startsWith('photo 2 of 3')")
    page.press("+", "c", "g")
    assert page.run("document.getElementById('frame').style.transform").endswith("scale(1.5)")
    looks = "getComputedStyle(document.getElementById('large')).filter"
    assert page.run(looks) == 'url("#gamma-1") contrast(1.5)'


def test_page_draws_boxes_over_the_photo(review) -> None:
    page = review([make_event(0)])
    page.wait("document.querySelector('.event .box') !== null")
    box = "document.querySelector('.event .box').getBoundingClientRect()"
    image = "document.querySelector('.event img').getBoundingClientRect()"
    share = page.run(f"({box}.left - {image}.left) / {image}.width")
    assert share == pytest.approx(0.25, abs=0.02)
    page.press("b")
    assert page.run("getComputedStyle(document.querySelector('.event .boxes')).display") == "none"


def test_page_loads_the_photos_of_a_long_event_when_they_are_seen(review) -> None:
    page = review([make_event(0, photos=60)])
    strip = "[...document.querySelectorAll('.strip img')]"
    page.wait(f"{strip}[2].src !== ''")
    assert page.run(f"{strip}.map((image) => image.src !== '').lastIndexOf(true)") < 20
    page.run("document.querySelector('.strip').scrollLeft = 1e6")
    page.wait(f"{strip}[59].src !== ''")


def test_page_says_why_a_photo_cannot_be_shown(review) -> None:
    page = review([make_event(0), make_event(1)])
    page.browser.open("about:blank")
    (photo,) = next(page.store.iter_events()).photos
    path = page.store.path.parent / "photos" / photo.path
    path.write_bytes(b"no photo")
    page.browser.call("Network.clearBrowserCache")
    page.open()
    page.wait("document.querySelector('.event .unseen') !== null")
    assert "can't be shown: not an image" in page.run(
        "document.querySelector('.event .unseen').textContent"
    )


def test_page_keeps_few_cards_however_long_the_queue_is(review) -> None:
    page = review([make_event(at, labels=SPECIES) for at in range(700)], labels=SPECIES)
    page.wait("document.getElementById('chosen').textContent === '1 of 700'")
    page.press("End")
    page.wait("document.querySelector('#panel .status') !== null")
    page.wait(f"{CURRENT}?.ariaPosInSet === '700'")
    assert page.run("document.querySelectorAll('.event').length") < 60


def test_page_filters_by_class(review) -> None:
    page = review([make_event(0), make_event(1, "deer")])
    page.wait("document.querySelectorAll('[name=class] option').length > 2")
    page.run(
        "{ const one = document.querySelector('[name=class]'); one.value = 'deer';"
        " one.dispatchEvent(new Event('change', {bubbles: true})); }"
    )
    page.wait("document.getElementById('chosen').textContent === '1 of 1'")
    assert page.run("document.querySelector('.event strong').textContent") == "deer"


def test_page_shows_names_as_text(review) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    page = review([make_event(0, folder=hostile)])
    page.wait("document.querySelector('#panel h2') !== null")
    assert hostile in page.run("document.querySelector('#panel h2').textContent")
    assert page.run("document.querySelectorAll('img[onerror]').length") == 0
