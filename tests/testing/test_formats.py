"""`check_input_format` reports every violation of the contract."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ctc.errors import InputError, UsageError
from ctc.plugin import Box, InputFormat, LeftOut, Observation, Option
from ctc.plugin.manager import plugins
from ctc.testing import check_input_format

OBSERVATION = Observation("1", ("a.jpg",), {"species": "fox"}, {"site": "N"})


def read(source: Path, options: Mapping[str, Any]) -> Iterator[Observation | LeftOut]:
    """A table with the columns photo and species."""
    if not source.is_file():
        raise UsageError(f"'{source}' is not a file")
    try:
        with source.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                yield Observation(
                    row["photo"], (row["photo"],), {"species": row["species"] or None}
                )
    except (KeyError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"'{source}' is no table of photos: {error}") from None


def recognizes(source: Path) -> bool:
    return source.suffix == ".csv" and source.is_file() and source.read_bytes()[:5] == b"photo"


VALID = InputFormat("park", "the park's table", recognizes, read, lambda source, _: source.parent)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    folder = tmp_path / "table"
    folder.mkdir()
    (folder / "table.csv").write_text("photo,species\na.jpg,fox\nb.jpg,\n")
    return folder / "table.csv"


def test_check_input_format_passes_valid_one(table) -> None:
    check_input_format(VALID, table)


def test_check_input_format_passes_urls_boxes_and_text_per_image(table) -> None:
    def read_more(source: Path, options: Mapping[str, Any]) -> Iterator[Any]:
        yield from read(source, options)
        yield replace(
            OBSERVATION,
            images=("https://a.org/a.jpg", "b.jpg"),
            meta={"datetime": "2016-09-25T18:35:10", "note": ("dark", None), "sun": (1.5, None)},
            boxes=(Box(0.1, 0.2, 0.3, 0.4), None),
        )

    check_input_format(replace(VALID, read=read_more), table)


def test_check_input_format_passes_use_of_the_image_root(table) -> None:
    def read_below(source: Path, options: Mapping[str, Any]) -> Iterator[Any]:
        assert options["image_root"] is None
        yield from read(source, options)

    check_input_format(replace(VALID, read=read_below), table)


def test_check_input_format_passes_built_in_csv(table) -> None:
    options = {"event_id": "photo", "image": ("photo",), "label": ("species",)}
    check_input_format(plugins().get(InputFormat, "csv"), table, options)


def test_check_input_format_passes_built_in_folders(tmp_path) -> None:
    (tmp_path / "photos" / "fox").mkdir(parents=True)
    (tmp_path / "photos" / "fox" / "a.jpg").touch()
    check_input_format(plugins().get(InputFormat, "folders"), tmp_path / "photos")


def test_check_input_format_passes_built_in_json(tmp_path) -> None:
    event = {"labels": [{"species": "fox"}], "images": ["a.jpg"], "meta_data": {}}
    (tmp_path / "inventory.json").write_text(json.dumps({"1": event}))
    check_input_format(plugins().get(InputFormat, "json"), tmp_path / "inventory.json")


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"event_id": "1"}, "read() yielded a dict, not an Observation or a LeftOut"),
        (replace(OBSERVATION, event_id=1), "the event id 1 is not text"),
        (replace(OBSERVATION, images=["a.jpg"]), "event '1': its images are a list, not a tuple"),
        (replace(OBSERVATION, images=()), "event '1': it has no image: yield a LeftOut"),
        (replace(OBSERVATION, images=(Path("a.jpg"),)), "is not a path as text"),
        (
            replace(OBSERVATION, images=("day\\a.jpg",)),
            "has a backslash: paths have forward slashes",
        ),
        (
            replace(OBSERVATION, labels={"species": ""}),
            "the label 'species' is '', not a class or None",
        ),
        (replace(OBSERVATION, labels={"count": 2}), "the label 'count' is 2, not a class or None"),
        (replace(OBSERVATION, labels={"images": "fox"}), "a column must not be called 'images'"),
        (replace(OBSERVATION, labels={"": "fox"}), "the column '' has no text as its name"),
        (replace(OBSERVATION, labels={}), "read() yielded observations without any label"),
        (
            replace(OBSERVATION, meta={"night": True}),
            "the meta column 'night' is True, not text, a finite number",
        ),
        (
            replace(OBSERVATION, meta={"x": float("nan")}),
            "the meta column 'x' is nan, not text, a finite number",
        ),
        (
            replace(OBSERVATION, meta={"x": (1, 2)}),
            "the meta column 'x' has 2 values for 1 image",
        ),
        (
            replace(OBSERVATION, images=("a.jpg", "b.jpg"), meta={"x": ("a", 2)}),
            "the meta column 'x' is ('a', 2): a tuple holds text and None, or numbers and None",
        ),
        (
            replace(OBSERVATION, meta={"datetime": "25/09/2016"}),
            "the meta column 'datetime' is '25/09/2016', not a time like '2016-09-25T18:35:10'",
        ),
        (replace(OBSERVATION, boxes=[None]), "its boxes are [None], not a tuple of Box and None"),
        (replace(OBSERVATION, boxes=(None, None)), "it has 2 boxes for 1 image"),
        (
            replace(OBSERVATION, boxes=(Box(0, 0, 640, 480),)),
            "has sides that are not fractions of the photo from 0 to 1",
        ),
        (replace(OBSERVATION, meta={"species": "x"}), "'species' is a label and a meta column"),
        (LeftOut("row 3", ""), "read() left out 'row 3' for ''"),
    ],
)
def test_check_input_format_reports_invalid_entry(table, entry: Any, message: str) -> None:
    def read_invalid(source: Path, options: Mapping[str, Any]) -> Iterator[Any]:
        list(read(source, options))
        yield entry

    with pytest.raises(AssertionError) as raised:
        check_input_format(replace(VALID, read=read_invalid), table)
    assert message in str(raised.value)


def prints(source: Path, options: Mapping[str, Any]) -> Iterator[Observation | LeftOut]:
    print("reading")
    yield from read(source, options)


def crashes_on_other_files(
    source: Path, options: Mapping[str, Any]
) -> Iterator[Observation | LeftOut]:
    with source.open(newline="") as file:
        for row in csv.DictReader(file):
            yield Observation(row["photo"], (row["photo"],), {"species": row["species"] or None})


def ignores_missing_source(
    source: Path, options: Mapping[str, Any]
) -> Iterator[Observation | LeftOut]:
    return read(source, options) if source.exists() else iter(())


def yields_absolute_images(
    source: Path, options: Mapping[str, Any]
) -> Iterator[Observation | LeftOut]:
    for entry in read(source, options):
        yield replace(entry, images=(f"{source.parent}/{entry.images[0]}",))


def uses_undeclared_option(
    source: Path, options: Mapping[str, Any]
) -> Iterator[Observation | LeftOut]:
    options.get("zone")
    return read(source, options)


def writes_into_source_folder(
    source: Path, options: Mapping[str, Any]
) -> Iterator[Observation | LeftOut]:
    source.with_suffix(".cache").touch()
    return read(source, options)


class ChangesEachTime:
    calls = 0

    def __call__(self, source: Path, options: Mapping[str, Any]) -> Iterator[Observation | LeftOut]:
        self.calls += 1
        for entry in read(source, options):
            yield replace(entry, event_id=f"{self.calls}-{entry.event_id}")


def adds_a_label_to_the_last(
    source: Path, options: Mapping[str, Any]
) -> Iterator[Observation | LeftOut]:
    yield from read(source, options)
    yield replace(OBSERVATION, labels={**OBSERVATION.labels, "sex": None})


def yields_no_observation(
    source: Path, options: Mapping[str, Any]
) -> Iterator[Observation | LeftOut]:
    list(read(source, options))
    yield LeftOut("everything", "for no reason")


def imports_pandas(source: Path) -> bool:
    import pandas

    return recognizes(source) and pandas is not None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"read": prints}, r"read\(\) printed 'reading\\n' on stdout"),
        (
            {"read": adds_a_label_to_the_last},
            "has no label 'sex', which another one has: give every observation each label",
        ),
        ({"read": yields_no_observation}, r"read\(\) yielded no observation"),
        (
            {"read": crashes_on_other_files},
            r"read\(\) of a binary file failed: UnicodeDecodeError",
        ),
        ({"read": ignores_missing_source}, r"read\(\) of a missing path raised no CtcError"),
        (
            {"read": yields_absolute_images},
            "for a path relative to the working directory",
        ),
        (
            {"read": uses_undeclared_option},
            r"read\(\) asks for the option 'zone', which the record doesn't declare",
        ),
        ({"read": writes_into_source_folder}, r"read\(\) changed the folder of its source"),
        ({"read": ChangesEachTime()}, r"read\(\) gave a different result the second time"),
        (
            {"recognizes": lambda path: None},
            r"recognizes\(\) of its source returned None, not True or False",
        ),
        ({"recognizes": lambda path: False}, r"recognizes\(\) of its source returned False"),
        (
            {"recognizes": lambda path: "photo" in path.read_text()},
            r"recognizes\(\) of a binary file failed: Unicode",
        ),
        (
            {"recognizes": lambda path: path.read_bytes()[0] == 112},
            r"recognizes\(\) of an empty file failed: IndexE",
        ),
        (
            {"recognizes": lambda path: b"ph" in path.read_bytes()},
            r"recognizes\(\) of an empty folder failed: IsADir",
        ),
        (
            {"recognizes": lambda path: path.stat().st_size < 99 or path.is_dir()},
            r"a missing path failed: FileNot",
        ),
        (
            {"recognizes": imports_pandas},
            r"recognizes\(\) of its source failed: .*import of pandas halted",
        ),
        (
            {"default_image_root": lambda source, _: str(source)},
            r"default_image_root\(\) returned '.*', not a Path",
        ),
        (
            {"default_image_root": lambda source, _: source},
            r"default_image_root\(\) returned the file '.*', not a folder",
        ),
        (
            {"options": (Option("Event Id", "A column."),)},
            "the option 'Event Id' is not in lower case with dashes",
        ),
    ],
)
def test_check_input_format_reports_fault(table, changes, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check_input_format(replace(VALID, **changes), table)


def test_check_input_format_restores_blocked_packages(table) -> None:
    import pandas

    check_input_format(VALID, table)
    import pandas as again

    assert again is pandas
