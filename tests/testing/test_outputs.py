"""`check_output_format` reports every violation of the contract."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest

from ctc.artifacts.predictions import EventPrediction, Failure
from ctc.plugin import Option, OutputContext, OutputFormat
from ctc.plugin.manager import plugins
from ctc.testing import check_output_format

ZONE = {"time_zone": "UTC"}
BUILT_INS = {
    "csv": {},
    "json": {},
    "megadetector": {"failures": True},
    "parquet": {},
    "folders": {"failures": True},
    "camtrap-dp": {"options": ZONE},
    "camtrap-dp-zip": {"options": ZONE, "events": None},
}
Entries = Iterator[EventPrediction | Failure]


def test_built_ins_are_all_tested() -> None:
    assert set(plugins().all(OutputFormat)) == set(BUILT_INS)


@pytest.mark.parametrize("name", BUILT_INS)
def test_check_output_format_passes_built_ins(name: str) -> None:
    check_output_format(plugins().get(OutputFormat, name), **BUILT_INS[name])


def lines(entries: Entries, path: Path, context: OutputContext) -> None:
    """Valid format: one JSON value per line."""
    with path.open("w") as file:
        for entry in entries:
            what = (
                entry.path
                if isinstance(entry, Failure)
                else [entry.id, *map(entry.top, entry.classes)]
            )
            file.write(json.dumps(what) + "\n")


VALID = OutputFormat("lines", "a line of JSON for each event", (".jsonl",), lines)


def skips_entries(entries: Entries, path: Path, context: OutputContext) -> None:
    path.write_text(next(entries, VALID).__class__.__name__)


def collects_entries(entries: Entries, path: Path, context: OutputContext) -> None:
    lines(iter(list(entries)), path, context)


def writes_nothing(entries: Entries, path: Path, context: OutputContext) -> None:
    list(entries)


def makes_a_folder(entries: Entries, path: Path, context: OutputContext) -> None:
    path.mkdir()
    lines(entries, path / "all", context)


def writes_second_file(entries: Entries, path: Path, context: OutputContext) -> None:
    lines(entries, path, context)
    path.with_suffix(".log").touch()


def writes_into_working_directory(entries: Entries, path: Path, context: OutputContext) -> None:
    lines(entries, path, context)
    Path("debug.txt").touch()


def writes_into_photo_folder(entries: Entries, path: Path, context: OutputContext) -> None:
    lines(entries, path, context)
    (context.image_root / "thumbs.db").touch()


def prints(entries: Entries, path: Path, context: OutputContext) -> None:
    print("writing", path.name)
    lines(entries, path, context)


def never_the_same(entries: Entries, path: Path, context: OutputContext) -> None:
    lines(entries, path, context)
    path.write_text(path.read_text() + str(random.random()))


def ignores_errors(entries: Entries, path: Path, context: OutputContext) -> None:
    with path.open("w") as file:
        try:
            for entry in entries:
                file.write(repr(entry))
        except Exception:
            file.write("the end")


def sharpens(entries: Entries, path: Path, context: OutputContext) -> None:
    def sharpened() -> Entries:
        for entry in entries:
            for values in getattr(entry, "probabilities", {}).values():
                values **= 2
            yield entry

    lines(sharpened(), path, context)


def plain_text(entries: Entries, path: Path, context: OutputContext) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([e.id] for e in entries if isinstance(e, EventPrediction))


def latin(entries: Entries, path: Path, context: OutputContext) -> None:
    with path.open("w", encoding="latin-1") as file:
        file.writelines(entry.id for entry in entries if isinstance(entry, EventPrediction))


def events_only(entries: Entries, path: Path, context: OutputContext) -> None:
    with path.open("w") as file:
        file.writelines(ascii(entry.id) for entry in entries)


def at_least_one(entries: Entries, path: Path, context: OutputContext) -> None:
    first, *_ = [entry for entry in entries if isinstance(entry, EventPrediction)]
    path.write_text(ascii(first.id))


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (skips_entries, r"write\(\) of .* did not consume all entries"),
        (
            collects_entries,
            (
                "nothing was written while 20,000 events arrived: write them one by one, and don't "
                r"collect them \(events=N if more are buffered, None if all must be\)"
            ),
        ),
        (
            writes_nothing,
            r"write\(\) of an event of two photos, one with EXIF did not write a file to its path",
        ),
        (makes_a_folder, "did not write a file to its path"),
        (writes_second_file, "wrote outside its path: predictions.log"),
        (writes_into_working_directory, "wrote outside its path: debug.txt"),
        (writes_into_photo_folder, r"the photos' folder after write\(\) of .*thumbs.db"),
        (prints, r"write\(\) of .* printed 'writing predictions.jsonl\\n' on stdout"),
        (never_the_same, "wrote different bytes the second time"),
        (ignores_errors, r"write\(\) continued after the entries raised an error"),
        (sharpens, r"write\(\) of .* failed: ValueError: output array is read-only"),
        (plain_text, r"write\(\) of a file name that is not Unicode failed: UnicodeEncodeError"),
        (
            latin,
            r"write\(\) of names with quotes, line breaks and emoji failed: UnicodeEncodeError",
        ),
        (events_only, r"write\(\) of events and failures in turn failed: AttributeError"),
        (at_least_one, r"write\(\) of failures alone failed: ValueError"),
    ],
)
def test_check_output_format_reports_fault(
    write: Callable[[Entries, Path, OutputContext], None], message: str
) -> None:
    with pytest.raises(AssertionError, match=message):
        check_output_format(replace(VALID, write=write))


def test_check_output_format_passes_valid_one() -> None:
    check_output_format(VALID)


def gzipped(entries: Entries, path: Path, context: OutputContext) -> None:
    with gzip.GzipFile(path, "wb", mtime=0) as packed, io.TextIOWrapper(packed) as file:
        for entry in entries:
            what = entry.path if isinstance(entry, Failure) else entry.id
            file.write(json.dumps(what) + "\n")


def row_groups(entries: Entries, path: Path, context: OutputContext) -> None:
    with path.open("w") as file:
        while group := list(islice(entries, 5_000)):
            file.write("".join(f"{entry!a}\n" for entry in group))
            file.flush()


@pytest.mark.parametrize("write", [gzipped, row_groups])
def test_check_output_format_passes_buffered_one(write) -> None:
    check_output_format(replace(VALID, write=write))


def test_check_output_format_without_events_passes_one_that_collects() -> None:
    check_output_format(replace(VALID, write=collects_entries), events=None)


def only_species(entries: Entries, path: Path, context: OutputContext) -> None:
    def checked() -> Entries:
        for entry in entries:
            if isinstance(entry, EventPrediction):
                entry.top("species")
            yield entry

    lines(checked(), path, context)


def test_check_output_format_reports_label_that_is_taken_for_granted() -> None:
    with pytest.raises(
        AssertionError,
        match=r"write\(\) of events whose only label is 'class' failed: KeyError: 'species'",
    ):
        check_output_format(replace(VALID, write=only_species))


def test_check_output_format_passes_option_that_names_a_label() -> None:
    check_output_format(plugins().get(OutputFormat, "megadetector"), {"label": "count"})


def test_check_output_format_reports_lost_failures() -> None:
    with pytest.raises(
        AssertionError,
        match=r"the failure of 'gone.jpg' is not in the output with its path and reason",
    ):
        check_output_format(VALID, failures=True)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"suffixes": ("jsonl",)}, "the suffix 'jsonl' doesn't start with a dot"),
        ({"suffixes": (".JSONL",)}, "isn't in lower case"),
        ({"folder": True}, "did not write a folder to its path"),
        (
            {"options": (Option("Zone", "Of the clock."),)},
            "the option 'Zone' is not in lower case with dashes",
        ),
        ({"options": (Option("zone", " "),)}, "the option 'zone' has no help text"),
        (
            {"options": (Option("zone", "Of the clock.", "time"),)},
            "the option 'zone' has the unknown type 'time'",
        ),
        (
            {"options": (Option("zone", "A."), Option("zone", "B."))},
            "two options are called 'zone'",
        ),
        (
            {"options": (Option("zone", "Of the clock.", required=True),)},
            "the option 'zone' is required: pass a value",
        ),
    ],
)
def test_check_output_format_reports_invalid_record(changes, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check_output_format(replace(VALID, **changes))


def test_check_output_format_reports_value_of_undeclared_option() -> None:
    with pytest.raises(
        AssertionError,
        match="the option 'zone' is given, but the record doesn't declare it",
    ):
        check_output_format(VALID, {"zone": "UTC"})


def test_check_output_format_reports_use_of_undeclared_option() -> None:
    def asks(entries: Entries, path: Path, context: OutputContext) -> None:
        path.write_text(context.options["zone"])

    with pytest.raises(
        AssertionError,
        match=r"write\(\) of .* asks for the option 'zone', which the record doesn't declare",
    ):
        check_output_format(replace(VALID, write=asks))
