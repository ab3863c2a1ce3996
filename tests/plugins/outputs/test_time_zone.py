"""`--time-zone` of tables and JSON."""

from __future__ import annotations

import csv
import json
import logging
from dataclasses import replace

import pyarrow.parquet as pq
import pytest


def test_tables_and_json_have_the_zone_of_the_clocks(write, dated) -> None:
    table = write("csv", [dated], time_zone="Europe/Berlin").read_text()
    (row, *_) = csv.DictReader(table.splitlines())
    assert row["datetime"] == "2016-09-25T18:35:10+02:00"
    parquet = pq.read_table(write("parquet", [dated], time_zone="-05:00"))
    assert parquet["datetime"][0].as_py() == "2016-09-25T18:35:10-05:00"
    events = json.loads(write("json", [dated], time_zone="Europe/Berlin").read_text())
    photos = [photo for event in events.values() for photo in event["images"]]
    assert "2016-09-25T18:35:10+02:00" in [photo.get("datetime") for photo in photos]


def test_times_with_a_zone_keep_it_and_texts_stay(write, dated) -> None:
    events = [
        replace(dated, id=str(number), meta={"datetime": time})
        for number, time in enumerate(("2016-09-25T18:35:10Z", "in the evening"))
    ]
    table = write("csv", events, time_zone="Europe/Berlin").read_text()
    assert {row["datetime"] for row in csv.DictReader(table.splitlines())} == {
        "2016-09-25T18:35:10Z",
        "in the evening",
    }


def test_hours_that_exist_twice_are_told_once_for_a_photo(
    write, dated, caplog: pytest.LogCaptureFixture
) -> None:
    photos = tuple(replace(one, taken="2016-10-30T02:30:00") for one in dated.images[:1])
    event = replace(dated, images=photos, meta={"datetime": "2016-10-30T02:30:00"})
    with caplog.at_level(logging.WARNING):
        write("csv", [event], time_zone="Europe/Berlin")
    assert caplog.messages[0].startswith("1 time that exists twice in 'Europe/Berlin'")
