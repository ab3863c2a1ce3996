"""Labels of a review store, and the classes that people may answer."""

from __future__ import annotations

import json
import sqlite3
import unicodedata
from collections.abc import Sequence
from dataclasses import replace

from ctc.artifacts.review.answer import Answer
from ctc.artifacts.review.records import ReviewLabel
from ctc.errors import InputError, did_you_mean, shorten

_DIRECTIONS = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
MAX_CLASS = 200
"""Characters of the name of a class."""


def read_labels(connection: sqlite3.Connection) -> tuple[ReviewLabel, ...]:
    """Return all labels in order."""
    rows = connection.execute("SELECT * FROM labels ORDER BY position")
    return tuple(
        ReviewLabel(
            row["name"],
            tuple(json.loads(row["classes"])),
            tuple(json.loads(row["predicted"])),
            bool(row["multi_label"]),
            bool(row["is_open"]),
        )
        for row in rows
    )


def write_labels(connection: sqlite3.Connection, labels: Sequence[ReviewLabel]) -> None:
    """Replace all labels; classes and labels that people answered, or added, stay, at the end."""
    known = {label.name: label for label in read_labels(connection)}
    given = {label.name: label for label in labels}
    kept = [
        replace(label, predicted=(), is_open=True)
        for name, label in known.items()
        if name not in given
    ]
    connection.execute("DELETE FROM labels")
    for label in labels:
        before = known[label.name].classes if label.name in known else ()
        _insert(connection, replace(label, classes=tuple(dict.fromkeys(label.classes + before))))
    for label in kept:
        _insert(connection, label)


def add_labels(connection: sqlite3.Connection, labels: Sequence[ReviewLabel]) -> frozenset[str]:
    """Add the labels, and the classes of labels, that are not there.

    Return the labels whose predicted classes are now those that are given.
    """
    known = {label.name: label for label in read_labels(connection)}
    for label in labels:
        before = known.get(label.name)
        if before is None:
            _check_classes(label.name, label.classes)
            _insert(connection, label)
        else:
            new = [one for one in label.classes if one not in before.classes]
            _add_classes(connection, before, new)
    return frozenset(
        label.name for label in labels if known.get(label.name, label).predicted == label.predicted
    )


def add_class(connection: sqlite3.Connection, label: str, name: str) -> None:
    """Add a class to a label; raises InputError if there is no such label, or it is no name."""
    _add_classes(connection, _find(read_labels(connection), label), [name])


def admit(connection: sqlite3.Connection, answer: Answer) -> None:
    """Check an answer, and add its new classes to the labels that are open.

    Raises InputError for an unknown label or class, or several classes of a label that has one.
    """
    labels = read_labels(connection)
    for name, classes in answer.labels.items():
        label = _find(labels, name)
        if classes is None:
            continue
        if len(classes) != 1 and not label.multi_label:
            raise InputError(f"label '{name}' takes one class, not {len(classes)}")
        new = [one for one in classes if one not in label.classes]
        if new and not label.is_open:
            hint = did_you_mean(new[0], label.classes)
            raise InputError(f"label '{name}' has no class '{shorten(new[0])}'{hint}")
        _add_classes(connection, label, new)


def _find(labels: Sequence[ReviewLabel], name: str) -> ReviewLabel:
    found = next((label for label in labels if label.name == name), None)
    if found is None:
        hint = did_you_mean(name, [label.name for label in labels])
        raise InputError(f"there is no label '{shorten(name)}'{hint}")
    return found


def _add_classes(connection: sqlite3.Connection, label: ReviewLabel, names: Sequence[str]) -> None:
    _check_classes(label.name, names)
    if names:
        classes = list(dict.fromkeys((*label.classes, *names)))
        connection.execute(
            "UPDATE labels SET classes = ? WHERE name = ?",
            (json.dumps(classes, ensure_ascii=False), label.name),
        )


def _check_classes(label: str, names: Sequence[str]) -> None:
    for name in names:
        if not name.strip() or name != name.strip() or len(name) > MAX_CLASS:
            raise InputError(
                f"'{shorten(name)}' is no name of a class of '{label}': "
                f"give 1 to {MAX_CLASS} characters, without blanks around them"
            )
        if unfit := next((one for one in name if _is_unfit(one)), None):
            raise InputError(
                f"'{shorten(name)}' is no name of a class of '{label}': "
                f"it has the invisible character U+{ord(unfit):04X}"
            )


def _is_unfit(character: str) -> bool:
    """Return whether it breaks lines, controls devices, or turns the direction of what follows."""
    return unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") or (
        unicodedata.bidirectional(character) in _DIRECTIONS
    )


def _insert(connection: sqlite3.Connection, label: ReviewLabel) -> None:
    connection.execute(
        "INSERT INTO labels (name, classes, predicted, multi_label, is_open)"
        " VALUES (?, ?, ?, ?, ?)",
        (
            label.name,
            json.dumps(label.classes, ensure_ascii=False),
            json.dumps(label.predicted, ensure_ascii=False),
            label.multi_label,
            label.is_open,
        ),
    )
