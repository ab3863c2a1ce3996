"""Keywords: which answers give one, and how names are written."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctc.tagging.config import TagConfig
from ctc.tagging.keywords import Keywords, clean, count_keywords, photo_keywords
from ctc.tagging.records import Answer, TaggedPhoto

CONFIG = TagConfig(Path("predictions.csv"), labels={"species": "Species"})
LINEAGE = ("Animalia", "Mammalia", "Vulpes vulpes")


def paths_of(*answers: Answer, config: TagConfig = CONFIG) -> tuple[tuple[str, ...], ...]:
    return photo_keywords(TaggedPhoto("a.jpg", answers), config).paths


def test_photo_keywords_have_the_class_below_its_root() -> None:
    assert paths_of(Answer("species", "fox", 0.9)) == (("Species", "fox"),)


def test_photo_keywords_have_the_lineage() -> None:
    found = paths_of(Answer("species", "fox", 0.9, LINEAGE))
    assert found == (("Species", "fox"), ("Taxonomy", *LINEAGE))


def test_photo_keywords_without_ranks() -> None:
    config = TagConfig(Path(), labels={"species": "Species"}, ranks=False)
    assert paths_of(Answer("species", "fox", 0.9, LINEAGE), config=config) == (("Species", "fox"),)


def test_photo_keywords_leave_out_unknown_and_other_labels() -> None:
    assert paths_of(Answer("species", "unknown", 0.9), Answer("count", "2", 0.9)) == ()


def test_photo_keywords_of_an_empty_photo_have_no_count() -> None:
    config = TagConfig(Path(), labels={"species": "Species", "count": "Number"})
    found = paths_of(Answer("species", "empty", 0.9), Answer("count", "1", 0.9), config=config)
    assert found == (("Species", "empty"),)
    config = TagConfig(Path(), labels={"count": "Number"})
    assert paths_of(Answer("species", "empty", 0.9), Answer("count", "1", 0.9), config=config) == ()


def test_photo_keywords_leave_out_what_is_not_sure_unless_a_person_says_it() -> None:
    config = TagConfig(Path(), labels={"species": "Species"}, min_confidence=0.5)
    unsure, sure = Answer("species", "fox", 0.49), Answer("species", "wolf", 0.5)
    person = Answer("species", "hare", 0.1, by_person=True)
    found = paths_of(unsure, sure, person, config=config)
    assert found == (("Species", "wolf"), ("Species", "hare"))


def test_photo_keywords_of_people_alone() -> None:
    config = TagConfig(Path(), labels={"species": "Species"}, only_reviewed=True)
    answers = Answer("species", "fox", 1.0), Answer("species", "hare", 1.0, by_person=True)
    assert paths_of(*answers, config=config) == (("Species", "hare"),)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("fox|wolf", "fox-wolf"),
        ("fox/wolf", "fox-wolf"),
        ("cat, domestic; grey", "cat domestic grey"),
        ("Reh 🦌", "Reh 🦌"),
        (" a\x00b\n", "a b"),
        ("…", "…"),
    ],
)
def test_clean(name: str, written: str) -> None:
    assert clean(name) == written


def test_photo_keywords_leave_out_a_name_of_which_nothing_is_left() -> None:
    assert paths_of(Answer("species", ";", 0.9)) == ()


def test_keywords_flat() -> None:
    assert Keywords((("Species", "fox"), ("Also", "fox"), ("Count", "2"))).flat == ("fox", "2")


def test_count_keywords() -> None:
    fox, hare = (Keywords((("Species", name),)) for name in ("fox", "hare"))
    assert count_keywords([hare, fox, fox]) == {"Species|fox": 2, "Species|hare": 1}
