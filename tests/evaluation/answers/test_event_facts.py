"""Light of an event, by column, time, sun and colours."""

from __future__ import annotations

import pytest

from ctc.evaluation.answers.event_facts import LIGHTS, EventFacts, is_dark, parse_event_facts


@pytest.mark.parametrize(
    ("facts", "light"),
    [
        (EventFacts(night=True, timestamp="2024-06-21T12:00:00"), "night"),
        (EventFacts(timestamp="2024-06-21T12:00:00", is_infrared=True), "day"),
        (EventFacts(timestamp="2024-06-21T02:00:00", is_infrared=False), "night"),
        (EventFacts(is_infrared=False), "colour"),
        (EventFacts(is_infrared=True), "infrared"),
        (EventFacts(), None),
    ],
)
def test_light_prefers_column_then_time_then_colours(facts: EventFacts, light: str | None) -> None:
    assert (LIGHTS[facts.light] if facts.light >= 0 else None) == light


@pytest.mark.parametrize(
    ("time", "latitude", "dark"),
    [
        ("2024-06-21T05:00:00", None, True),
        ("2024-06-21T05:00:00", 52.0, False),  # sunrise in Berlin about 3:45 by the sun
        ("2024-12-21T17:00:00", None, False),
        ("2024-12-21T17:00:00", 52.0, True),  # sunset about 15:50
        ("2024-06-21T23:30:00", 69.6, False),  # midnight sun in Tromsø
        ("2024-12-21T12:00:00", 69.6, True),  # polar night
        ("2024-06-21T17:00:00", -33.9, True),  # winter in Cape Town, sunset about 16:55
        ("2024-03-20T12:00", 0.0, False),
        ("2024-03-20", 0.0, None),
        ("in the morning", 0.0, None),
        ("", None, None),
    ],
)
def test_is_dark_by_hour_or_sun(time: str, latitude: float | None, dark: bool | None) -> None:
    assert is_dark(time, latitude) is dark


@pytest.mark.parametrize(("cell", "latitude"), [("52.1", 52.1), ("952", None), ("north", None)])
def test_parse_event_facts_reads_latitude(cell: str, latitude: float | None) -> None:
    assert parse_event_facts({"latitude": cell}, "location").latitude == latitude
