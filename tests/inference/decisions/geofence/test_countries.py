"""Countries are found by codes and names."""

from __future__ import annotations

import pytest

from ctc.inference.decisions.geofence.countries import Country, country_names, find_country


@pytest.mark.parametrize("text", ["KE", "ken", "Kenya", " kenya "])
def test_find_country_by_codes_and_names(text: str) -> None:
    assert find_country(text) == Country("KE", "KEN", "Kenya")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Cote d'Ivoire", "CIV"),
        ("Ivory Coast", "CIV"),
        ("The Gambia", "GMB"),
        ("Bosnia and Herzegovina", "BIH"),
        ("United Republic of Tanzania", "TZA"),
        ("Guinea-Bissau", "GNB"),
        ("UK", "GBR"),
        ("Kosovo", "XKX"),
    ],
)
def test_find_country_by_other_spellings(text: str, code: str) -> None:
    country = find_country(text)
    assert country is not None
    assert country.alpha_3 == code


def test_find_country_does_not_guess() -> None:
    assert find_country("Kenja") is None


def test_all_countries_of_the_standard_are_known() -> None:
    assert len(country_names()) == 2 * (249 + 1)
