"""Answers for events at places where not all classes live."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ctc.artifacts.predictions import EventPrediction, ImagePrediction
from ctc.inference.decisions.blanks import BlankLimit, DroppedBlanks
from ctc.inference.decisions.decision import Decisions
from ctc.inference.decisions.geofence.decision import Geofence
from ctc.inference.decisions.geofence.places import Place, Row, Rule, month_of, parse_place

CLASSES = ("jaguar", "leopard", "blank")
ANYWHERE = Place()
KENYA = Rule((Row("KEN", ""),))
RULES = {"species": (Rule((Row("BRA", ""),)), KENYA, None)}


def event(*values: float, **meta: str) -> EventPrediction:
    probabilities = {"species": np.array(values, np.float32)}
    photo = ImagePrediction("a.jpg", probabilities)
    return EventPrediction("a", {"species": CLASSES}, probabilities, (photo,), meta)


def fence(place: Place = ANYWHERE, has_codes: bool = False, **labels) -> Geofence:
    return Geofence(labels or RULES, place, ("country",), ("region",), has_codes)


def test_a_class_that_does_not_live_there_gets_0_and_the_rest_1() -> None:
    found = fence().decide(event(0.5, 0.375, 0.125, country="Kenya"))
    assert found.probabilities["species"].tolist() == [0, 0.75, 0.25]
    assert found.images[0].probabilities["species"].tolist() == [0, 0.75, 0.25]
    assert found.top("species") == ("leopard", 0.75)
    assert found.columns == {"species": {"before_geofence": "jaguar"}}


def test_an_answer_that_stays_has_nothing_before() -> None:
    found = fence().decide(event(0.25, 0.75, 0, country="KE"))
    assert found.top("species") == ("leopard", 1)
    assert found.columns == {"species": {"before_geofence": None}}


def test_where_nothing_is_left_the_answer_is_unknown() -> None:
    geofence = fence()
    found = geofence.decide(event(1, 0, 0, country="KE"))
    assert found.top("species") == ("unknown", 0)
    assert found.top("species", found.images[0]) == ("unknown", 0)
    assert geofence.report() == (
        "geofence: 1 of 1 answer changed, 1 of them to 'unknown': nothing else lives there",
    )


def test_a_class_is_believed_by_what_it_had_before() -> None:
    given = replace(event(0.75, 0.25, 0, country="KE"), thresholds={"species": (0.5, 0.5, 0.5)})
    assert fence().decide(given).top("species") == ("unknown", 1)
    sure = replace(event(0.375, 0.5, 0.125, country="KE"), thresholds=given.thresholds)
    assert fence().decide(sure).top("species")[0] == "leopard"


def test_a_geofence_makes_no_event_a_dropped_blank() -> None:
    steps = fence(), DroppedBlanks({"species": BlankLimit(0.75, 0.02, 0.95)})
    given = event(0.75, 0, 0.25, country="KE"), event(0.125, 0, 0.875, country="KE")
    found = [one.columns["species"]["dropped"] for one in Decisions(steps).apply(iter(given))]
    assert found == [False, True]


def test_other_classes_of_a_multi_label_event_keep_their_probabilities() -> None:
    given = replace(event(0.75, 0.625, 0, country="KE"), multi_label=("species",))
    found = fence().decide(given)
    assert found.probabilities["species"].tolist() == [0, 0.625, 0]
    assert found.columns == {"species": {"before_geofence": "jaguar; leopard"}}


def test_without_a_place_all_stay_possible() -> None:
    geofence = fence()
    assert geofence.decide(event(0.75, 0.25, 0, country="NA")).top("species")[0] == "jaguar"
    assert geofence.report() == (
        "geofence: 0 of 1 answer changed",
        (
            "geofence: 1 event without a place, where everything stays possible ('NA' stands for a"
            " missing value: write NAM for Namibia)"
        ),
    )


def test_an_unknown_country_is_told() -> None:
    geofence = fence()
    geofence.decide(event(0.75, 0.25, 0, country="Kenja"))
    assert geofence.report()[1] == (
        "geofence: unknown country 'Kenja' of 1 event, where everything stays possible: did you"
        " mean 'Kenya'?"
    )


def test_a_given_country_comes_before_the_columns() -> None:
    found = fence(Place("KEN")).decide(event(0.75, 0.25, 0, country="BR"))
    assert found.top("species")[0] == "leopard"


def test_a_region_that_is_no_code_is_left_out_where_the_file_has_codes() -> None:
    rules = (Rule((Row("USA", "nj"),)), None, None)
    given = event(0.75, 0.25, 0, country="US", region="New Jersey")
    by_codes, by_names = fence(has_codes=True, species=rules), fence(species=rules)
    assert by_codes.decide(given).top("species")[0] == "jaguar"
    assert by_names.decide(given).top("species")[0] == "leopard"
    assert "region 'New Jersey' of 1 event is left out" in by_codes.report()[1]
    coded = event(0.75, 0.25, 0, country="US", region="US-NJ")
    assert by_names.decide(coded).top("species")[0] == "jaguar"


def test_settings_make_the_same_decision() -> None:
    settings = {
        "rules": [rule.to_json() for rule in (KENYA, Rule(None, (Row("KEN", "", (1, 2)),)))],
        "labels": {"species": [1, 0, None]},
        "place": [None, None],
        "country_columns": ["country"],
        "region_columns": [],
        "has_codes": False,
    }
    geofence = Geofence.from_settings(settings)
    winter = event(0.75, 0.25, 0, country="KE", datetime="2020-02-01 10:00")
    summer = event(0.75, 0.25, 0, country="KE", datetime="2020-07-01")
    assert geofence.decide(winter).top("species")[0] == "leopard"
    assert geofence.decide(summer).top("species")[0] == "jaguar"


def test_month_of_an_event_by_its_photos() -> None:
    given = event(1, 0, 0, datetime="yesterday")
    photo = replace(given.images[0], taken="2016-09-25T18:35:10")
    assert month_of(replace(given, images=(photo,))) == 9
    assert month_of(given) is None


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("KE", Place("KEN")),
        ("Guinea-Bissau", Place("GNB")),
        ("US-NJ", Place("USA", "nj")),
        ("USA-New Jersey", Place("USA", "new jersey")),
    ],
)
def test_parse_place(text: str, place: Place) -> None:
    assert parse_place(text) == place
