"""Dates and times as people write them; the order of day and month is never guessed."""

from __future__ import annotations

import logging
from pathlib import Path

import pyarrow as pa
import pytest

from ctc.artifacts.inventory import Inventory
from ctc.errors import CtcError, InputError, UsageError
from ctc.inventory.metadata.time_parser import parse_times
from ctc.inventory.metadata.times import fill_times


def inventory(**columns: list[str | None]) -> Inventory:
    count = len(next(iter(columns.values())))
    table = pa.table(
        {
            "event_id": [str(number) for number in range(count)],
            "images": [[f"{number}.jpg"] for number in range(count)],
            "species": ["fox"] * count,
            **{name: pa.array(values, pa.string()) for name, values in columns.items()},
        }
    )
    return Inventory(table, ("species",), Path("photos"))


def fill(
    *values: str | None, time_format: str | None = None, name: str = "taken"
) -> list[str | None]:
    filled = fill_times(inventory(**{name: list(values)}), [name], time_format)
    times: list[str | None] = filled.table["datetime"].to_pylist()
    return times


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2016-05-01T16:00:05", "2016-05-01T16:00:05"),
        ("2016-05-01 16:00", "2016-05-01T16:00:00"),
        ("2016-05-01 16:00:05.25", "2016-05-01T16:00:05.250000"),
        ("2016-05-01T16:00:05Z", "2016-05-01T16:00:05+00:00"),
        ("2016-05-01 16:00:05 -0330", "2016-05-01T16:00:05-03:30"),
        ("2016:05:01 16:00:09", "2016-05-01T16:00:09"),
        ("2016/5/1 4:00 PM", "2016-05-01T16:00:00"),
        ("31.01.2016 16:00:05", "2016-01-31T16:00:05"),
        ("31-01-2016, 16.00", "2016-01-31T16:00:00"),
        ("12/31/2016 12:30 AM", "2016-12-31T00:30:00"),
        ("12/31/2016 12:30 p.m.", "2016-12-31T12:30:00"),
        ("1-May-2016 16:00", "2016-05-01T16:00:00"),
        ("May 1, 2016 4:00:05PM", "2016-05-01T16:00:05"),
        ("01/01/2016 9:05", "2016-01-01T09:05:00"),
        ("2016-05-01", "2016-05-01"),
    ],
)
def test_parse_times_reads_usual_ways_to_write_a_time(text: str, iso: str) -> None:
    (time,) = parse_times([text], "taken")
    assert time is not None
    assert time.isoformat() == iso


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "2016-13-01 10:00", "2016-05-01 24:00", "0000:00:00 00:00:00", "13:00 PM",
     "01/05/16 16:00", "2016-05-01 14:00 PM", "32.01.2016", "1 Mai 2016"],
)  # fmt: skip
def test_parse_times_gives_none_for_what_is_no_time(text: str) -> None:
    assert parse_times([text], "taken") == [None]


def test_fill_times_decides_order_of_day_and_month_from_whole_column() -> None:
    assert fill("01/05/2016 4:00 PM", "13/05/2016 5:00 PM", None) == [
        "2016-05-01T16:00:00",
        "2016-05-13T17:00:00",
        None,
    ]
    assert fill("01/05/2016 4:00 PM", "05/13/2016 5:00 PM") == [
        "2016-01-05T16:00:00",
        "2016-05-13T17:00:00",
    ]


@pytest.mark.parametrize(
    ("text", "day_first", "month_first"),
    [
        ("01/05/2016 4:00 PM", "%d/%m/%Y %I:%M %p", "%m/%d/%Y %I:%M %p"),
        ("05.01.2016 16:00:05", "%d.%m.%Y %H:%M:%S", "%m.%d.%Y %H:%M:%S"),
        ("5-1-2016", "%d-%m-%Y", "%m-%d-%Y"),
    ],
)
def test_fill_times_asks_if_day_and_month_may_be_swapped(
    text: str, day_first: str, month_first: str
) -> None:
    with pytest.raises(UsageError) as error:
        fill("01/01/2016 4:00 PM", text)
    assert str(error.value) == (
        f"the dates in 'taken', such as '{text}', may have the day or the month first: "
        f"give --time-format '{day_first}' or '{month_first}'"
    )
    (one,), (other,) = (fill(text, time_format=each) for each in (day_first, month_first))
    assert str(one)[:8] != str(other)[:8]


def test_fill_times_refuses_two_orders_in_one_column() -> None:
    with pytest.raises(InputError, match=r"first in '13/05/2016', the month in '05/13/2016'"):
        fill("13/05/2016", "05/13/2016")


def test_fill_times_joins_date_and_time_and_fills_gaps_of_datetime() -> None:
    source = inventory(
        day=["13.05.2016", "01.05.2016", None],
        clock=["16:00", "9:30", "1:00"],
        datetime=[None, "2020-01-01T00:00:00", None],
    )
    assert fill_times(source, ["day", "clock"]).table["datetime"].to_pylist() == [
        "2016-05-13T16:00:00",
        "2020-01-01T00:00:00",
        None,
    ]
    assert fill("13.05.2016 16:00", name="datetime") == ["2016-05-13T16:00:00"]


def test_fill_times_counts_what_is_no_time_or_has_no_time_of_day(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        assert fill("2016-05-01 16:00", "soon", "2016-05-02", "soon") == [
            "2016-05-01T16:00:00",
            None,
            "2016-05-02",
            None,
        ]
    assert caplog.messages == [
        "2 values in 'taken' left empty: not a time, such as 'soon': correct the source",
        "1 value in 'taken' without a time of day, such as '2016-05-02'",
    ]


@pytest.mark.parametrize(
    ("values", "time_format", "message"),
    [
        (["soon"], None, "no value in 'taken' is a time, such as 'soon': give --time-format"),
        (["2016"], "%d.%m.%Y", r"no value .* such as '2016': '%d.%m.%Y' does not fit"),
        (["2016"], "%Q", "--time-format '%Q' is not valid: write it like"),
        (["2016"], "%d %d", "--time-format '%d %d' is not valid"),
    ],
)
def test_fill_times_refuses_column_without_times(
    values: list[str], time_format: str | None, message: str
) -> None:
    with pytest.raises(CtcError, match=message):
        fill(*values, time_format=time_format)


@pytest.mark.parametrize(
    ("column", "message"),
    [("takn", "no meta column called 'takn': did you mean 'taken'"), ("species", "is a label")],
)
def test_fill_times_refuses_what_is_no_meta_column(column: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        fill_times(inventory(taken=["2016-05-01 16:00"]), [column])
