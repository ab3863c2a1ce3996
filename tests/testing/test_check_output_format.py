"""The check of output formats finds each way to break the contract, and says which."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
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
    "parquet": {"events": 12_000},
    "folders": {"failures": True},
    "camtrap-dp": {"options": ZONE},
    "camtrap-dp-zip": {"options": ZONE, "events": None},
}
Entries = Iterator[EventPrediction | Failure]


def test_no_built_in_is_missing_here() -> None:
    assert set(plugins().all(OutputFormat)) == set(BUILT_INS)


@pytest.mark.parametrize("name", BUILT_INS)
def test_every_built_in_keeps_the_contract(name: str) -> None:
    check_output_format(plugins().get(OutputFormat, name), **BUILT_INS[name])


def lines(entries: Entries, path: Path, context: OutputContext) -> None:
    """A sound format: a JSON value on each line."""
    with path.open("w") as file:
        for entry in entries:
            what = (
                entry.path
                if isinstance(entry, Failure)
                else [entry.id, *map(entry.top, entry.classes)]
            )
            file.write(json.dumps(what) + "\n")


SOUND = OutputFormat("lines", "a line of JSON for each event", (".jsonl",), lines)


def skips_the_rest(entries: Entries, path: Path, context: OutputContext) -> None:
    path.write_text(next(entries, SOUND).__class__.__name__)


def holds_everything(entries: Entries, path: Path, context: OutputContext) -> None:
    lines(iter(list(entries)), path, context)


def writes_nothing(entries: Entries, path: Path, context: OutputContext) -> None:
    list(entries)


def makes_a_folder(entries: Entries, path: Path, context: OutputContext) -> None:
    path.mkdir()
    lines(entries, path / "all", context)


def writes_beside(entries: Entries, path: Path, context: OutputContext) -> None:
    lines(entries, path, context)
    path.with_suffix(".log").touch()


def writes_into_the_working_directory(entries: Entries, path: Path, context: OutputContext) -> None:
    lines(entries, path, context)
    Path("debug.txt").touch()


def writes_among_the_photos(entries: Entries, path: Path, context: OutputContext) -> None:
    lines(entries, path, context)
    (context.image_root / "thumbs.db").touch()


def prints(entries: Entries, path: Path, context: OutputContext) -> None:
    print("writing", path.name)
    lines(entries, path, context)


def never_the_same(entries: Entries, path: Path, context: OutputContext) -> None:
    lines(entries, path, context)
    path.write_text(path.read_text() + str(random.random()))


def goes_on(entries: Entries, path: Path, context: OutputContext) -> None:
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
        (skips_the_rest, r"write\(\) of .* left entries untaken"),
        (
            holds_everything,
            "nothing was written while 2,000 events came: write them one by one, and keep none",
        ),
        (
            writes_nothing,
            r"write\(\) of an event of two photos, one with EXIF made no file of its path",
        ),
        (makes_a_folder, "made no file of its path"),
        (writes_beside, "wrote outside its path: predictions.log"),
        (writes_into_the_working_directory, "wrote outside its path: debug.txt"),
        (writes_among_the_photos, r"the photos' folder after write\(\) of .*thumbs.db"),
        (prints, r"write\(\) of .* printed 'writing predictions.jsonl\\n' on stdout"),
        (never_the_same, "gave other bytes the second time"),
        (goes_on, r"write\(\) went on when the entries ended with an error"),
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
def test_a_fault_is_told(
    write: Callable[[Entries, Path, OutputContext], None], message: str
) -> None:
    with pytest.raises(AssertionError, match=message):
        check_output_format(replace(SOUND, write=write))


def test_a_sound_one_passes() -> None:
    check_output_format(SOUND)


def test_failures_that_are_promised_and_lost_are_told() -> None:
    with pytest.raises(
        AssertionError,
        match=r"the failure of 'gone.jpg' is not in the output with its path and reason",
    ):
        check_output_format(SOUND, failures=True)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"suffixes": ("jsonl",)}, "the suffix 'jsonl' doesn't start with a dot"),
        ({"suffixes": (".JSONL",)}, "isn't in lower case"),
        ({"folder": True}, "made no folder of its path"),
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
            "the option 'zone' is required: hand a value",
        ),
    ],
)
def test_a_record_that_is_not_sound_is_told(changes, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check_output_format(replace(SOUND, **changes))


def test_a_value_for_an_option_that_is_not_declared_is_told() -> None:
    with pytest.raises(
        AssertionError,
        match="the option 'zone' is given, but the record declares none of that name",
    ):
        check_output_format(SOUND, {"zone": "UTC"})


def test_an_option_that_is_asked_for_and_not_declared_is_told() -> None:
    def asks(entries: Entries, path: Path, context: OutputContext) -> None:
        path.write_text(context.options["zone"])

    with pytest.raises(
        AssertionError,
        match=r"write\(\) of .* asks for the option 'zone', which the record doesn't declare",
    ):
        check_output_format(replace(SOUND, write=asks))
