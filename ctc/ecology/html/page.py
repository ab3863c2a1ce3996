"""Writer of summary.html."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from markupsafe import Markup

from ctc.ecology.activity.density import MINUTES
from ctc.ecology.activity.sun import mean_sun_times
from ctc.ecology.figures import Activity, Figures, SpeciesFigures
from ctc.ecology.html.formatting import (
    describe_species,
    format_figure,
    format_rate,
    format_share,
    mark_options,
)
from ctc.ecology.html.map import station_map
from ctc.ecology.study import Study
from ctc.ecology.survey import Floats
from ctc.evaluation.html.charts import Axis, Band, Line, line_chart
from ctc.evaluation.html.page import write_page
from ctc.reporting import counted

MAX_HISTORIES = 8
MAX_CELLS = 4_000
"""Of a history that the page shows whole; all are in `histories/`."""
_STEP = 10
"""Minutes between the points of a curve."""


@dataclass(frozen=True)
class _History:
    name: str
    units: Sequence[tuple[str, Sequence[tuple[str, str]]]]
    seen: int
    cells: int


def write_summary_page(path: Path, name: str, study: Study, figures: Figures) -> None:
    """Write the page of a summary; `name` is that of the survey."""
    values = {
        "title": f"Summary of {name}",
        "summary": _sentences(study, figures),
        "warnings": [mark_options(warning) for warning in study.warnings],
        "figures": figures,
        "drawn": study.drawn is not None,
        "draws": 0 if study.drawn is None else len(study.drawn.minutes),
        "unit": study.config.unit,
        "counts": study.survey.has_counts,
        "maps": _maps(study, figures),
        "charts": _activity_charts(study, figures),
        "accumulation": _accumulation_chart(study, figures),
        "effort": _effort_rows(study),
        "histories": [_history(study, one) for one in figures.species[:MAX_HISTORIES]],
        "more_histories": len(figures.species) - MAX_HISTORIES,
        "advised": {"delta_1": "Δ1", "delta_4": "Δ4"},
        "differ": len({one.advised for one in figures.overlaps}) > 1,
        "occasion": counted(study.config.occasion, "day"),
        "in_words": format_figure,
        "rate_in_words": lambda figure: format_rate(figure, study.config.unit),
        "share": format_share,
    }
    write_page(path, "study.html", values, package="ctc.ecology.html")


def _sentences(study: Study, figures: Figures) -> list[str]:
    nights, config = study.effort.trap_nights.sum(), study.config
    since = "the last record" if config.rule == "last-record" else "the last independent record"
    units = counted(len(study.active), config.unit)
    days = f"{study.effort.days[0]} to {study.effort.days[-1]}"
    events, records = len(study.survey.events), len(study.records)
    after = f"{config.independence / 60:g} minutes after {since}"
    given = f"{counted(events, 'event')} gave {counted(records, 'independent record')}"
    found = [
        f"{units} ran for {nights:,.1f} trap nights, from {days}.",
        f"{given}, each at least {after} of the species at the {config.unit}.",
        describe_species(
            [one.name for one in figures.species if one.hard.records.value],
            figures.by_unit.estimated,
        ),
    ]
    if figures.species:
        one = figures.species[0]
        rate = format_rate(one.hard.rate, config.unit)
        found.append(f"Most frequent: {one.name}, {rate} records per 100 trap nights.")
    return found


def _maps(study: Study, figures: Figures) -> Mapping[str, Markup]:
    """Return maps by title: of all records, then of the most frequent species."""
    nights = study.effort.trap_nights
    with np.errstate(divide="ignore", invalid="ignore"):
        total = study.hard.records[0].sum(axis=0) / nights * 100
    rates = {"All species": np.where(nights > 0, total, np.nan)}
    rates |= {one.name: one.unit_rates for one in figures.species[:3]}
    drawn = {
        name: station_map(study.effort.units, study.latitude, study.longitude, rate)
        for name, rate in rates.items()
    }
    return {name: svg for name, svg in drawn.items() if svg}


def _activity_charts(study: Study, figures: Figures) -> Mapping[str, Sequence[Markup]]:
    shown = [one for one in figures.species if one.number in figures.activity]
    return {one.name: _curves(study, one, figures.activity[one.number]) for one in shown}


def _curves(study: Study, one: SpeciesFigures, activity: Activity) -> Sequence[Markup]:
    lines = [Line("hard answers", _points(activity.hard))]
    low, high = activity.low, activity.high
    if activity.drawn is not None:
        mean, low, high = activity.drawn
        lines.append(Line("with the classifier's error", _points(mean)))
    top = float(max(high.max(), activity.hard.max()))
    peak = int(activity.hard.argmax())
    summary = f"Activity of {one.name} by hour: most at {peak // 60}:{peak % 60:02}"
    axes = Axis("hour of the day", 0, 24), Axis("share per hour", 0, top, is_percent=True)
    band = Band("95 % band, for other stations", _points(low), _points(high))
    charts = [line_chart(summary, *axes, lines, band=band)]
    if activity.sun is not None and study.sun is not None:
        rise, fall = map(_format_time, mean_sun_times(study.sun))
        title = f"sun time: sunrise at {rise}, sunset at {fall}"
        sun = Axis(title, 0, 24), Axis("share per hour", 0, float(activity.sun.max()), True)
        name = f"Activity of {one.name} by sun time"
        charts.append(line_chart(name, *sun, [Line("hard answers", _points(activity.sun))]))
    return charts


def _format_time(minutes: float) -> str:
    hour, minute = divmod(round(minutes) % MINUTES, 60)
    return f"{hour}:{minute:02}"


def _points(density: Floats) -> list[tuple[float, float]]:
    return [(at / 60, float(density[at % MINUTES])) for at in range(0, MINUTES + 1, _STEP)]


def _accumulation_chart(study: Study, figures: Figures) -> Markup:
    found = figures.by_unit
    count = len(found.mean)
    if count < 2 or not found.observed:
        return Markup("")
    places = range(1, count + 1)
    band = Band(
        "95 % interval",
        list(zip(places, found.low.tolist(), strict=True)),
        list(zip(places, found.high.tolist(), strict=True)),
    )
    summary = f"{found.mean[0]:.1f} species in one {study.config.unit}, {found.observed} in all"
    return line_chart(
        summary,
        Axis(f"{study.config.unit}s in random order", 1, count, is_integer=True),
        Axis("species", 0, float(found.high.max()), is_integer=found.high.max() >= 5),
        [Line("expected species", list(zip(places, found.mean.tolist(), strict=True)))],
        band=band,
    )


def _effort_rows(study: Study) -> list[tuple[str, float, int, int]]:
    """Return each unit with its trap nights, records and species."""
    records = study.hard.records[0]
    return [
        (name, float(nights), int(records[:, at].sum()), int((records[:, at] > 0).sum()))
        for at, (name, nights) in enumerate(
            zip(study.effort.units, study.effort.trap_nights, strict=True)
        )
    ]


def _history(study: Study, one: SpeciesFigures) -> _History:
    limit = max(1, MAX_CELLS // len(study.occasions.starts))
    rows = one.history[:limit]
    units = [
        (study.effort.units[at], [_cell(value) for value in row])
        for at, row in enumerate(rows.tolist())
    ]
    known = one.history[~np.isnan(one.history)]
    return _History(one.name, units, int(known.sum()), len(known))


def _cell(value: float) -> tuple[str, str]:
    """Return the class of style and the text of a cell."""
    if value != value:
        return "none", "NA"
    return ("seen", "1") if value else ("unseen", "0")
