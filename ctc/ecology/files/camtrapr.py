"""Tables as camtrapR writes them: records, and the operation of stations by day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ctc.ecology.files.tables import NA, ColumnTable, Table, matrix, number
from ctc.ecology.study import Study
from ctc.ecology.survey import Ints, Survey

if TYPE_CHECKING:
    import pyarrow as pa


def record_table(study: Study) -> ColumnTable:
    """Return the independent records of the hard answers, by station, species and time.

    `delta.time`: since what decides on independence, the last event of the species there or the
    last record; 0 for the first.
    Columns: https://jniedballa.github.io/camtrapR/reference/recordTable.html
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    records, events = study.records, study.survey.events
    order = np.lexsort((study.space.seconds[records.event], records.species, records.unit))
    event, species = records.event[order], records.species[order]
    group = records.unit[order] * len(study.species) + species
    before = (records.last if study.config.rule == "last-record" else records.event)[order]
    time = study.space.seconds
    seconds = np.zeros(len(event), np.int64)
    again = np.flatnonzero(group[1:] == group[:-1]) + 1
    seconds[again] = time[event[again]] - time[before[again - 1]]
    times = pa.array(events.time[event]).cast(pa.string())
    return ColumnTable(
        "record_table",
        {
            "Station": _names(events.stations, events.station[event]),
            "Camera": _names(events.cameras, events.camera[event]),
            "Species": _names(study.species, species),
            "DateTimeOriginal": times,
            "Date": pc.utf8_slice_codeunits(times, 0, 10),
            "Time": pc.utf8_slice_codeunits(times, 11),
            "delta.time.secs": pa.array(seconds),
            "delta.time.mins": pa.array(np.round(seconds / 60, 3)),
            "delta.time.hours": pa.array(np.round(seconds / 3_600, 4)),
            "delta.time.days": pa.array(np.round(seconds / 86_400, 5)),
            "n_events": pa.array(records.events[order]),
            "individuals": pa.array(records.individuals[order]),
            "event_id": events.ids.take(pa.array(event)),
            **_files(study.survey, event),
        },
    )


def _files(survey: Survey, event: Ints) -> dict[str, pa.Array]:
    """Return folder and name of the first photo of each event, nothing if no photo is known."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if survey.photos is None:
        return {}
    owners, photo = np.unique(survey.photos.event, return_index=True)
    first = np.full(len(survey.events), -1)
    first[owners] = photo
    number = pa.array(first[event], mask=first[event] < 0)
    paths = survey.photos.path.take(number)
    return {
        "Directory": pc.replace_substring_regex(paths, r"[/\\]?[^/\\]*$", ""),
        "FileName": pc.replace_substring_regex(paths, r"^.*[/\\]", ""),
    }


def _names(names: tuple[str, ...], number: Ints) -> pa.Array:
    import pyarrow as pa

    return pa.array(names, pa.string()).take(pa.array(number))


def operation_matrix(study: Study) -> Table:
    """Return the share of each day that each unit ran, NA before and after its time there."""
    days = [str(day) for day in study.effort.days]
    return matrix("operation_matrix", "", study.effort.units, days, study.effort.operation)


def station_table(study: Study) -> Table:
    """Return stations as camtrapR's CTtable has them, with times as `dateFormat = "ymd HMS"`."""
    table = study.survey.deployments
    gaps: dict[int, list[str]] = {}
    for at, low, high in table.gaps:
        gaps.setdefault(at, []).extend((_time(low), _time(high)))
    most = max((len(one) // 2 for one in gaps.values()), default=0)
    problems = [f"Problem{n}_{end}" for n in range(1, most + 1) for end in ("from", "to")]
    columns = ("Station", "Camera", "latitude", "longitude", "Setup_date", "Retrieval_date")
    rows = [
        (
            table.station[at],
            table.camera[at],
            number(float(table.latitude[at]), 10),
            number(float(table.longitude[at]), 10),
            _time(table.start[at]),
            _time(table.end[at]),
            *(gaps.get(at, []) + [NA] * 2 * most)[: 2 * most],
        )
        for at in range(len(table))
    ]
    return Table("stations", (*columns, *problems), rows)


def _time(value: np.datetime64) -> str:
    return str(value).replace("T", " ")
