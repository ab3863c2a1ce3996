from __future__ import annotations

import base64
import json
import os
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from ctc.artifacts.label_schema import LabelSchema
from ctc.artifacts.predictions import EventPrediction, Failure, ImagePrediction
from ctc.errors import InputError
from ctc.inference.classification import ClassificationCodec, EventResult
from ctc.inference.journal.header import RunHeader
from ctc.inference.journal.journal import Journal
from ctc.inference.journal.lines import decode_line, encode_line
from ctc.inference.journal.reader import read_header, read_seal
from ctc.inference.journal.records import from_record
from ctc.runtime.config import RuntimeConfig

LABELS = {"species": ("fox", "wolf"), "count": ("1", "2", "3")}
HEADER = RunHeader(
    identity={"model": "a", "photos": "b", "--aggregation": "mean"},
    shard=(0, 1),
    created=datetime(2026, 1, 2, 3, 4, 5, 678, UTC),
    runtime=RuntimeConfig("cpu", batch_size=1),
    model="model.onnx",
    schema=LabelSchema(
        LABELS, {"species": (0.5, None)}, ("count",), photo_thresholds={"species": (0.6, None)}
    ),
    notes=("a note",),
    image_root="/photos",
)
CODEC = ClassificationCodec(HEADER.schema)


def result(number: int) -> EventResult:
    values = {
        "species": np.array([1 / 3, 2 / 3], np.float32),
        "count": np.array([number, 1e-40, 0], np.float32),
    }
    photo = ImagePrediction(f"{number}.jpg", values, "2026-01-02T03:04:05", "Reconyx", -1 / 3, 1e-7)
    meta = {"site": "ä", "t": 0.1, "n": None}
    event = EventPrediction.from_schema(HEADER.schema, f"{number}", values, (photo,), meta)
    return EventResult((Failure(f"\udcff{number}\n", "empty file", event_id=f"{number}"),), event)


def encode_floats(*values: float) -> str:
    """Return probabilities as the journal holds them."""
    return base64.b64encode(np.array(values, "<f4").tobytes()).decode()


FAILED = EventResult((Failure("7", "the event names no photo", of_event=True),), None)


def write(path: Path, *results: EventResult) -> Path:
    """Write a journal whose run was interrupted after these results."""
    with suppress(KeyboardInterrupt), Journal(path, HEADER, CODEC) as journal:
        for one in results:
            journal.append(one)
        raise KeyboardInterrupt
    return path


def read(path: Path) -> list[EventResult]:
    with suppress(KeyboardInterrupt), Journal(path, HEADER, CODEC) as journal:
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


def test_journal_results_round_trip_exactly(tmp_path: Path) -> None:
    path = write(tmp_path / "j", result(0), FAILED, result(2))
    assert [as_plain(one) for one in read(path)] == [
        as_plain(one) for one in (result(0), FAILED, result(2))
    ]


def test_journal_header_round_trips(tmp_path: Path) -> None:
    assert read_header(write(tmp_path / "j", result(0))) == HEADER


def test_header_json_is_that_of_the_file_format() -> None:
    assert json.dumps(HEADER.to_json(), separators=(",", ":")) == (
        '{"identity":{"model":"a","photos":"b","--aggregation":"mean"},"shard":[0,1],'
        '"created":"2026-01-02T03:04:05.000678+00:00","provider":"cpu","precision":"float32",'
        '"batch_size":1,"model":"model.onnx","labels":{"species":["fox","wolf"],'
        '"count":["1","2","3"]},"thresholds":{"species":[0.5,null]},"notes":["a note"],'
        '"image_root":"/photos","multi_label":["count"],'
        '"photo_thresholds":{"species":[0.6,null]}}'
    )


def test_journal_without_results_is_removed(tmp_path: Path) -> None:
    assert not write(tmp_path / "j").exists()


def test_journal_is_removed_at_the_end(tmp_path: Path) -> None:
    with Journal(tmp_path / "j", HEADER, CODEC) as journal:
        journal.append(result(0))
    assert not journal.path.exists()


def test_journal_resume_drops_torn_line(tmp_path: Path) -> None:
    whole = write(tmp_path / "j", result(0), result(1), result(2)).read_bytes()
    last = whole.rindex(b"\n", 0, -1) + 1
    for cut in range(last, len(whole), 7):
        (tmp_path / "j").write_bytes(whole[:cut])
        assert len(read(tmp_path / "j")) == 2
        write(tmp_path / "j", result(2))
        assert (tmp_path / "j").read_bytes() == whole


def test_journal_resume_drops_everything_after_damaged_line(tmp_path: Path) -> None:
    path = write(tmp_path / "j", result(0), result(1), result(2))
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:2], lines[2].replace(b"1.jpg", b"9.jpg"), lines[3]]))
    assert len(read(path)) == 1


def test_journal_counts_repeated_lines_once(tmp_path: Path) -> None:
    path = write(tmp_path / "j", result(0), result(1), result(2))
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines, *lines[2:]]))
    assert [one.prediction.id for one in read(path)] == ["0", "1", "2"]


@pytest.mark.parametrize("left", [b"", b"00000000 {"])
def test_journal_with_torn_header_starts_over(tmp_path: Path, left: bytes) -> None:
    (tmp_path / "j").write_bytes(left)
    assert read_header(tmp_path / "j") is None
    assert read_header(write(tmp_path / "j", result(0))) == HEADER


def test_read_header_refuses_other_files(tmp_path: Path) -> None:
    (tmp_path / "j").write_text("my diary\n")
    with pytest.raises(InputError, match="is not a journal of `ctc predict`, `detect` or `embed`"):
        read_header(tmp_path / "j")


def test_journal_is_locked_against_other_runs(tmp_path: Path) -> None:
    with (
        Journal(tmp_path / "j", HEADER, CODEC),
        pytest.raises(InputError, match="is being written by another `ctc predict`"),
    ):
        Journal(tmp_path / "j", HEADER, CODEC)


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        ({}, None),
        ({"model": "z"}, "another model"),
        ({"photos": "z"}, "other photos"),
        ({"--aggregation": "max"}, "--aggregation mean"),
        ({"--threshold": "0.5"}, "--threshold not set"),
    ],
)
def test_header_describes_mismatch(changes, difference) -> None:
    assert HEADER.describe_mismatch({**HEADER.identity, **changes}) == difference
    assert replace(HEADER, identity={}).describe_mismatch({}) is None


def forge(path: Path, change: str, to: str) -> Path:
    """Change a text in the first result of a journal; its checksum fits."""
    lines = path.read_bytes().splitlines(keepends=True)
    record = json.dumps(decode_line(lines[1]))
    assert change in record
    lines[1] = encode_line(json.loads(record.replace(change, to, 1)))
    path.write_bytes(b"".join(lines))
    return path


@pytest.mark.parametrize(
    ("change", "to"),
    [
        (encode_floats(1 / 3, 2 / 3, 0, 1e-40, 0), encode_floats(np.nan, 2 / 3, 0, 1e-40, 0)),
        (encode_floats(1 / 3, 2 / 3, 0, 1e-40, 0), encode_floats(np.inf, 2 / 3, 0, 1e-40, 0)),
        (encode_floats(1 / 3, 2 / 3, 0, 1e-40, 0), encode_floats(1, 0)),
        ("-0.3333333333333333", "NaN"),
        ("-0.3333333333333333", '"north"'),
        ('"2026-01-02T03:04:05"', "17"),
        ('"empty file"', "[]"),
    ],
)
def test_journal_result_that_no_run_writes_is_refused(tmp_path: Path, change: str, to: str) -> None:
    path = forge(write(tmp_path / "j", result(0), result(1)), change, to)
    with pytest.raises(InputError, match=r"j' is damaged at result 1, .*: delete it to start over"):
        read(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_journal_refuses_pipe_instead_of_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "j")
    with pytest.raises(InputError, match="is not a regular file: delete it"):
        read_header(tmp_path / "j")
    with pytest.raises(InputError, match="is not a regular file: delete it"):
        Journal(tmp_path / "j", HEADER, CODEC)


@pytest.mark.parametrize("target", ["there", "nowhere"])
def test_journal_refuses_link(tmp_path: Path, target: str) -> None:
    (tmp_path / "there").write_text("mine")
    try:
        (tmp_path / "j").symlink_to(tmp_path / target)
    except OSError:
        pytest.skip("this system has no symbolic links")
    with pytest.raises(InputError, match="is not a regular file: delete it"):
        Journal(tmp_path / "j", HEADER, CODEC)
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["j", "there"]
    assert (tmp_path / "there").read_text() == "mine"


def test_read_seal_returns_the_description_until_more_results_follow(tmp_path: Path) -> None:
    path = write(tmp_path / "j", result(0))
    assert read_seal(path) is None
    with suppress(KeyboardInterrupt), Journal(path, HEADER, CODEC) as journal:
        journal.seal({"stamp": [1, 2.5]})
        raise KeyboardInterrupt
    assert read_seal(path) == {"stamp": [1, 2.5]}
    assert len(read(path)) == 1
    assert read_seal(path) == {"stamp": [1, 2.5]}
    write(path, result(1))
    assert read_seal(path) is None
    assert len(read(path)) == 2


def test_from_record_reads_failures_without_an_event() -> None:
    found = from_record([[["a.jpg", "empty file", False]], None], CODEC)
    assert found == EventResult((Failure("a.jpg", "empty file"),), None)
