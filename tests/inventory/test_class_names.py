"""Class names that are likely one class in two spellings, or several classes in one cell."""

from __future__ import annotations

import logging
from pathlib import Path

import pyarrow as pa
import pytest

from ctc.artifacts.inventory import Inventory
from ctc.inventory.class_names import names_of_several, similar_names, warn_about_classes


def test_similar_names_groups_spellings_most_frequent_first() -> None:
    counts = {
        "Fox": 2,
        "fox": 6,
        "fox_": 1,
        "FOX\u200b": 1,
        "red fox": 1,
        "Red  Fox": 2,
        "foxes": 9,
    }
    assert similar_names(counts) == [["fox", "Fox", "FOX\u200b", "fox_"], ["Red  Fox", "red fox"]]


def test_similar_names_ignores_unicode_form() -> None:
    assert similar_names({"chev\u00eache": 2, "cheve\u0302che": 1, "cheveche": 1}) == [
        ["chev\u00eache", "cheve\u0302che"]
    ]


def test_names_of_several_needs_every_part_as_a_class() -> None:
    names = ["fox", "hare", "fox;hare", "fox, Hare", "['fox', 'hare']", "fox & hare", "fox/owl"]
    assert names_of_several([*names, "mammalia;canidae;fox"]) == {
        "fox;hare": ";",
        "fox, Hare": ",",
        "['fox', 'hare']": ",",
        "fox & hare": "&",
    }


def test_warn_about_classes_tells_what_to_do(caplog: pytest.LogCaptureFixture) -> None:
    classes = ["fox", "fox", "Fox, red", "fox, red", "fox,  red", "hare", "hare|fox", None]
    table = pa.table(
        {
            "event_id": [str(number) for number in range(len(classes))],
            "images": [["a.jpg"]] * len(classes),
            "species": classes,
        }
    )
    with caplog.at_level(logging.WARNING):
        warn_about_classes(Inventory(table, ("species",), Path("photos")))
    spelling, several = caplog.messages
    assert spelling.startswith(
        "label 'species' has 1 group of classes that differ only in case, blanks, '_', '-' or "
        "Unicode form: 'Fox, red', 'fox,  red', 'fox, red'; to merge them"
    )
    assert '`species,"fox,  red","Fox, red"`' in spelling
    assert several == (
        "label 'species' has 1 class that looks like several in one cell, such as 'hare|fox': give "
        "each a row, or read the table with `ctc inventory csv --label-separator '|'`"
    )
