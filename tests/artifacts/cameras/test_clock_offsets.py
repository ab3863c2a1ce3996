"""The CSV file of `--clock-offset`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from ctc.artifacts.cameras.clock_offsets import ClockOffset, ClockOffsets
from ctc.errors import CtcError


def read(folder: Path, text: str) -> ClockOffsets:
    path = folder / "offsets.csv"
    path.write_text(text)
    return ClockOffsets.read(path)


def test_read_takes_seconds_or_two_times(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "deployment,seconds,shown,true,from,to,comment\n"
        "north,-3600,,,,,summer time\n"
        "west\\,,2000:01:01 00:00:05,2024-03-05 12:00,2000-01-01,2000-01-02,\n",
    )
    assert found.rows == (
        ClockOffset("north", -3600.0),
        ClockOffset(
            "west",
            762_955_195.0,  # date -ud '2024-03-05 12:00' +%s minus that of the shown time
            datetime(2000, 1, 1),
            datetime(2000, 1, 2, 23, 59, 59, 999_999),
        ),
    )
    assert ClockOffsets.from_json(found.to_json()) == found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,seconds\na,1\n", "lacks columns: clock offsets have deployment, and seconds or"),
        ("deployment,seconds\n", "has no row"),
        ("deployment,seconds\na,1h\n", "line 2: '1h' is no number of seconds"),
        ("deployment,seconds\n,5\n", "line 2 names no deployment: write '*' for all others"),
        ("deployment,seconds\na,\n", "line 2: give either seconds, or shown and true"),
        ("deployment,shown,true\na,2024-05-01,2024-05-02 10:00\n", "'2024-05-01' is no date and"),
        ("deployment,seconds,from\na,5,soon\n", "line 2: 'soon' in 'from' is no time: write it as"),
        ("deployment,seconds,from,to\na,5,2024-02-01,2024-01-01\n", "'to' is before 'from'"),
        (
            "deployment,seconds,from\na,5,\nb,1,\na,6,2024-01-01\n",
            "lines 2 and 4: both are for times of 'a'",
        ),
        ("deployment,seconds,from_file\na,5,fox.jpg\n", "'fox.jpg' in 'from_file' has no number"),
        ("deployment,seconds\na,inf\n", "line 2: the offset is more than 100 years"),
    ],
)
def test_read_refuses_with_the_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(CtcError) as caught:
        read(tmp_path, text)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("photo", "is_covered"),
    [
        ("x/DCIM/100RECNX/RCNX0030.JPG", False),
        ("x/DCIM/100RECNX/RCNX0031.JPG", True),
        ("x/DCIM/101RECNX/RCNX0001.JPG", True),
        ("x/DCIM/101RECNX/RCNX0002.JPG", False),
        ("RCNX0031.JPG", False),  # without a folder, numbers alone count
        ("fox.jpg", False),
    ],
)
def test_covers_files_from_one_to_before_another(photo: str, is_covered: bool) -> None:
    row = ClockOffset("a", 5, None, None, "100RECNX/RCNX0031.JPG", "101RECNX/RCNX0002.JPG")
    assert row.covers(datetime(2000, 1, 1), photo) is is_covered
    assert ClockOffsets.from_json(ClockOffsets((row,), "o.csv").to_json()).rows == (row,)
