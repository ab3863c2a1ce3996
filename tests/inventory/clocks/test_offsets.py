"""Offsets from the limits between which they are."""

from __future__ import annotations

from datetime import datetime

import pytest

from ctc.inventory.clocks.offsets import Limits, Offset, likely_offset

DAY = 86_400


@pytest.mark.parametrize(
    ("limits", "offset"),
    [
        (Limits(100, 220), Offset(160, 1.0, "to within 1 min by what is before and after")),
        (
            Limits(365 * DAY, 367 * DAY),  # 2024 has 366 days from May to May
            Offset(365 * DAY, 1 - 2 / 365.25, "the year was set 1 year off"),
        ),
        (  # of limits that close, a whole year is likelier than the middle
            Limits(365 * DAY - 300, 365 * DAY + 600),
            Offset(365 * DAY, 1 - 900 / (365.25 * DAY), "the year was set 1 year off"),
        ),
        (Limits(10 * DAY, 12 * DAY), None),  # no year, and too wide
        (Limits(0, 800 * DAY), None),  # two years
        (Limits(5, 4), None),
        (Limits(5, None), None),
    ],
)
def test_likely_offset(limits: Limits, offset: Offset | None) -> None:
    assert likely_offset(limits, datetime(2024, 5, 1, 12)) == offset
