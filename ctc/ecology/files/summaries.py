"""Summaries by species and by station, and places as GeoJSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ctc.ecology.figures import Figures, Numbers
from ctc.ecology.files.tables import Table, number
from ctc.ecology.intervals import Figure
from ctc.ecology.study import Study
from ctc.ecology.survey import Ints
from ctc.storage.atomic import write_text

_FIGURES = ("records", "individuals", "rate", "individual_rate", "occupancy", "group_size")


def species_table(figures: Figures) -> Table:
    """Return each species' figures with their intervals, of hard and of drawn answers."""
    kinds = ("", "drawn_") if any(one.drawn for one in figures.species) else ("",)
    columns = [
        f"{kind}{name}{end}" for kind in kinds for name in _FIGURES for end in ("", "_low", "_high")
    ]
    rows = []
    for one in figures.species:
        cells = [cell for kind in kinds for cell in _cells(one.drawn if kind else one.hard)]
        rows.append((one.name, *cells, one.largest_group))
    return Table("species", ("scientificName", *columns, "largest_group"), rows)


def _cells(numbers: Numbers | None) -> Sequence[object]:
    if numbers is None:
        return ["NA"] * 3 * len(_FIGURES)
    return [number(value) for name in _FIGURES for value in getattr(numbers, name)]


def observation_table(study: Study) -> Table:
    """Return sums by unit and species, named as by camtraptor 1.0's `summarize_observations`.

    `n_events`: those with the species; `n_observations`, `sum_count`: independent records and their
    individuals; `rai`: per 100 trap nights (relative abundance index).
    """
    key = "locationID" if study.config.unit == "station" else "deploymentID"
    counts = ("n_events", "n_observations", "sum_count")
    rates = ("trap_nights", "rai_observations", "rai_count")
    table = np.stack([_events(study), study.hard.records[0], study.hard.individuals[0]])
    rows = [
        (name, study.species[species], *_sums(table[:, species, unit], nights))
        for unit, (name, nights) in enumerate(
            zip(study.effort.units, study.effort.trap_nights.tolist(), strict=True)
        )
        for species in np.flatnonzero(study.hard.records[0][:, unit]).tolist()
    ]
    return Table("observations", (key, "scientificName", *counts, *rates), rows)


def _events(study: Study) -> Ints:
    """Return the number of events by species and unit."""
    records, units = study.records, study.space.units
    cell, size = records.species * units + records.unit, study.space.species * units
    return np.bincount(cell, records.events, size).reshape(-1, units).astype(np.int64)


def _sums(counts: Ints, nights: float) -> Sequence[object]:
    rates = (number(100 * one / nights) for one in counts[1:].tolist())
    return *counts.tolist(), number(nights), *rates


def write_geojson(path: Path, study: Study, figures: Figures) -> None:
    """Write the units with a known place as points (RFC 7946), with their rates by species."""
    features = [
        _feature(study, figures, unit)
        for unit in range(len(study.effort.units))
        if not np.isnan(study.latitude[unit])
    ]
    text = json.dumps(
        {"type": "FeatureCollection", "features": features}, ensure_ascii=False, allow_nan=False
    )
    write_text(path, text + "\n")


def _feature(study: Study, figures: Figures, unit: int) -> dict[str, Any]:
    rates = {one.name: _known(one.unit_rates[unit]) for one in figures.species}
    place = [round(float(one[unit]), 7) for one in (study.longitude, study.latitude)]
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": place},
        "properties": {
            "name": study.effort.units[unit],
            "trap_nights": round(float(study.effort.trap_nights[unit]), 3),
            "species": int((study.hard.records[0][:, unit] > 0).sum()),
            "records_per_100_trap_nights": rates,
        },
    }


def metrics(study: Study, figures: Figures) -> dict[str, Any]:
    """Return all figures as JSON values; a number that is not known is null."""
    return {
        "format": "ctc-summary",
        "format_version": 1,
        "independence_seconds": study.config.independence,
        "rule": study.config.rule,
        "unit": study.config.unit,
        "occasion_days": study.config.occasion,
        "draws": 0 if study.drawn is None else len(study.drawn.minutes),
        "events": len(study.survey.events),
        "records": len(study.records),
        "units": len(study.effort.units),
        "trap_nights": round(float(study.effort.trap_nights.sum()), 3),
        "effort_is_guessed": study.survey.deployments.is_guess,
        "first_day": str(study.effort.days[0]),
        "last_day": str(study.effort.days[-1]),
        "warnings": list(study.warnings),
        "species": {one.name: _species(one.hard, one.drawn) for one in figures.species},
        "species_seen": figures.by_unit.observed,
        "species_estimated": _known(figures.by_unit.estimated),
        "species_drawn": None if figures.drawn_species is None else _figure(figures.drawn_species),
        "overlap": [
            {
                "species": list(one.species),
                "delta_1": _figure(one.delta_1),
                "delta_4": _figure(one.delta_4),
                "advised": one.advised,
            }
            for one in figures.overlaps
        ],
    }


def _species(hard: Numbers, drawn: Numbers | None) -> dict[str, Any]:
    found = {"hard": {name: _figure(getattr(hard, name)) for name in _FIGURES}}
    if drawn is not None:
        found["drawn"] = {name: _figure(getattr(drawn, name)) for name in _FIGURES}
    return found


def _figure(figure: Figure | Any) -> dict[str, float | None]:
    return {name: _known(value) for name, value in figure._asdict().items()}


def _known(value: float) -> float | None:
    return None if not np.isfinite(value) else float(f"{value:.6g}")
