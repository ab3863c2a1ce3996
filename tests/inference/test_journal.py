from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from ctc.artifacts.predictions import EventPrediction, Failure, ImagePrediction
from ctc.errors import InputError
from ctc.inference.journal.header import RunHeader
from ctc.inference.journal.journal import Journal, read_header
from ctc.inference.pipeline.pipeline import EventResult

LABELS = {"species": ("fox", "wolf"), "count": ("1", "2", "3")}
HEADING = RunHeader(
    identity={"model": "a", "photos": "b", "--aggregation": "mean"},
    shard=(0, 1),
    created=datetime(2026, 1, 2, 3, 4, 5, 678, UTC),
    provider="cpu",
    precision="float32",
    batch_size=1,
    model="model.onnx",
    labels=LABELS,
    thresholds={"species": (0.5, None)},
    notes=("a note",),
    image_root="/photos",
    multi_label=("count",),
)


def outcome(number: int) -> EventResult:
    values = {
        "species": np.array([1 / 3, 2 / 3], np.float32),
        "count": np.array([number, 1e-40, 0], np.float32),
    }
    photo = ImagePrediction(f"{number}.jpg", values, "2026-01-02T03:04:05", "Reconyx", -1 / 3, 1e-7)
    meta = {"site": "ä", "t": 0.1, "n": None}
    event = EventPrediction(
        f"{number}", LABELS, values, (photo,), meta, HEADING.thresholds, HEADING.multi_label
    )
    return EventResult((Failure(f"\udcff{number}\n", "empty file"),), event)


FAILED = EventResult((Failure("7", "the event names no photo", of_event=True),), None)


def written(path: Path, *outcomes: EventResult) -> Path:
    """A journal whose run stopped after these."""
    with suppress(KeyboardInterrupt), Journal(path, HEADING) as journal:
        for one in outcomes:
            journal.append(one)
        raise KeyboardInterrupt
    return path


def held(path: Path) -> list[EventResult]:
    with suppress(KeyboardInterrupt), Journal(path, HEADING) as journal:
        found = list(journal.read_results())
        assert journal.completed == len(found)
        raise KeyboardInterrupt
    return found


def as_plain(one: EventResult) -> object:
    event = one.prediction
    if event is None:
        return one.failures
    photo = event.images[0]
    arrays = [
        values.tobytes()
        for values in (*event.probabilities.values(), *photo.probabilities.values())
    ]
    seen = photo.path, photo.taken, photo.camera, photo.latitude, photo.longitude
    return one.failures, event.id, event.classes, arrays, event.meta, event.thresholds, seen


def test_outcomes_come_back_bit_by_bit(tmp_path: Path) -> None:
    path = written(tmp_path / "j", outcome(0), FAILED, outcome(2))
    assert [as_plain(one) for one in held(path)] == [
        as_plain(one) for one in (outcome(0), FAILED, outcome(2))
    ]


def test_the_heading_comes_back(tmp_path: Path) -> None:
    assert read_header(written(tmp_path / "j", outcome(0))) == HEADING


def test_without_an_outcome_there_is_nothing_to_keep(tmp_path: Path) -> None:
    assert not written(tmp_path / "j").exists()


def test_at_the_end_the_journal_is_removed(tmp_path: Path) -> None:
    with Journal(tmp_path / "j", HEADING) as journal:
        journal.append(outcome(0))
    assert not journal.path.exists()


def test_what_is_torn_is_dropped_and_the_rest_goes_on(tmp_path: Path) -> None:
    whole = written(tmp_path / "j", outcome(0), outcome(1), outcome(2)).read_bytes()
    last = whole.rindex(b"\n", 0, -1) + 1
    for cut in range(last, len(whole), 7):
        (tmp_path / "j").write_bytes(whole[:cut])
        assert len(held(tmp_path / "j")) == 2
        written(tmp_path / "j", outcome(2))
        assert (tmp_path / "j").read_bytes() == whole


def test_nothing_after_a_damaged_line_counts(tmp_path: Path) -> None:
    path = written(tmp_path / "j", outcome(0), outcome(1), outcome(2))
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:2], lines[2].replace(b"1.jpg", b"9.jpg"), lines[3]]))
    assert len(held(path)) == 1


def test_lines_that_an_interrupted_flush_left_twice_count_once(tmp_path: Path) -> None:
    path = written(tmp_path / "j", outcome(0), outcome(1), outcome(2))
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines, *lines[2:]]))
    assert [one.prediction.id for one in held(path)] == ["0", "1", "2"]


@pytest.mark.parametrize("left", [b"", b"00000000 {"])
def test_a_journal_whose_heading_is_torn_begins_anew(tmp_path: Path, left: bytes) -> None:
    (tmp_path / "j").write_bytes(left)
    assert read_header(tmp_path / "j") is None
    assert read_header(written(tmp_path / "j", outcome(0))) == HEADING


def test_a_file_of_another_kind_is_not_taken_for_a_journal(tmp_path: Path) -> None:
    (tmp_path / "j").write_text("my diary\n")
    with pytest.raises(InputError, match="is no journal of `ctc predict`"):
        read_header(tmp_path / "j")


def test_only_one_run_writes_a_journal(tmp_path: Path) -> None:
    with (
        Journal(tmp_path / "j", HEADING),
        pytest.raises(InputError, match="is being written by another `ctc predict`"),
    ):
        Journal(tmp_path / "j", HEADING)


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        ({}, None),
        ({"model": "z"}, "another model"),
        ({"photos": "z"}, "other photos"),
        ({"--aggregation": "max"}, "--aggregation mean"),
        ({"--threshold": "0.5"}, "--threshold as it is by default"),
    ],
)
def test_the_difference_between_two_runs_has_a_name(changes, difference) -> None:
    assert HEADING.describe_mismatch({**HEADING.identity, **changes}) == difference
    assert replace(HEADING, identity={}).describe_mismatch({}) is None
