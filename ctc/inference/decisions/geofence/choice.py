"""The settings of `--geofence`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ctc.errors import UsageError, did_you_mean
from ctc.inference.decisions.geofence.file import GeofenceRules, read_geofence
from ctc.inference.decisions.geofence.places import (
    COUNTRY_COLUMNS,
    REGION_COLUMNS,
    Place,
    Rule,
    parse_place,
)

if TYPE_CHECKING:
    from ctc.inference.config import PredictConfig
    from ctc.inference.decisions.choice import AnswerFacts


def choose_geofence(config: PredictConfig, answers: AnswerFacts) -> dict[str, Any] | None:
    """Return the settings of a run with `--geofence`, None without; raises CtcError."""
    if config.geofence is None:
        return None
    found = read_geofence(config.geofence, answers.schema.labels, answers.info.taxonomy)
    rules: dict[Rule, int] = {}
    for one in (rule for own in found.labels.values() for rule in own if rule):
        rules.setdefault(one, len(rules))
    return {
        "rules": [rule.to_json() for rule in rules],
        "labels": {
            label: [None if one is None else rules[one] for one in own]
            for label, own in found.labels.items()
        },
        "place": list(parse_place(config.country) if config.country else Place()),
        "country_columns": _columns(config.country_column, COUNTRY_COLUMNS),
        "region_columns": _columns(config.region_column, REGION_COLUMNS),
        "has_codes": found.has_codes,
        "notes": list(_notes(config.geofence.name, found, answers.schema.labels)),
    }


def _columns(given: str | None, default: Sequence[str]) -> list[str]:
    return list(default) if given is None else [given]


def _notes(name: str, found: GeofenceRules, labels: Mapping[str, tuple[str, ...]]) -> Iterable[str]:
    for label, rules in found.labels.items():
        free = [own for own, rule in zip(labels[label], rules, strict=True) if rule is None]
        listed = ", ".join(f"'{own}'" for own in free[:10]) + ", …" * (len(free) > 10)
        yield (
            f"'{label}' is restricted by '{name}' to the classes that live where an event was;"
            f" without rules, so possible everywhere: {listed or 'none'}"
        )


def check_place_columns(config: PredictConfig, columns: Sequence[str]) -> None:
    """Raise UsageError where --geofence can't know the places of events.

    `columns`: the columns of the table of events.
    """
    if config.geofence is None:
        given = config.country, config.country_column, config.region_column
        if any(one is not None for one in given):
            raise UsageError(
                "--country, --country-column and --region-column are for --geofence: give its file"
            )
        return
    if config.country and config.country_column:
        raise UsageError("--country and --country-column exclude each other: leave one of them out")
    for option, name in (
        ("--country-column", config.country_column),
        ("--region-column", config.region_column),
    ):
        if name is not None and name not in columns:
            raise UsageError(f"{option}: unknown column '{name}'{did_you_mean(name, columns)}")
    wanted = (
        *_columns(config.country_column, COUNTRY_COLUMNS),
        *_columns(config.region_column, REGION_COLUMNS),
    )
    if not config.country and not set(wanted) & set(columns):
        raise UsageError(
            "--geofence needs the place of each event: give --country, or --country-column with a"
            f" column of the table{did_you_mean('country', columns)}"
        )
