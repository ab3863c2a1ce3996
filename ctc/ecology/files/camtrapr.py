"""Tables as camtrapR writes them: records, and the operation of stations by day."""

from __future__ import annotations

import numpy as np

from ctc.ecology.files.tables import NA, Table, matrix, number
from ctc.ecology.study import Study

_RECORD_COLUMNS = (
    "Station",
    "Camera",
    "Species",
    "DateTimeOriginal",
    "Date",
    "Time",
    "delta.time.secs",
    "delta.time.mins",
    "delta.time.hours",
    "delta.time.days",
    "n_events",
    "individuals",
    "event_id",
)


def record_table(study: Study) -> Table:
    """Return the independent records of the hard answers, by station, species and time.

    `delta.time`: since the record before of the species there, 0 for the first.
    """
    records, events = study.records, study.survey.events
    order = np.lexsort((study.space.seconds[records.event], records.species, records.unit))
    rows, last = [], (-1, -1, 0)
    for at in order.tolist():
        event = int(records.event[at])
        key = int(records.unit[at]), int(records.species[at]), int(study.space.seconds[event])
        seconds = key[2] - last[2] if key[:2] == last[:2] else 0
        last = key
        date, clock = str(events.time[event]).split("T")
        rows.append(
            (
                events.stations[events.station[event]],
                events.cameras[events.camera[event]],
                study.species[key[1]],
                f"{date} {clock}",
                date,
                clock,
                seconds,
                *(number(seconds / unit) for unit in (60, 3_600, 86_400)),
                int(records.events[at]),
                int(records.individuals[at]),
                events.ids[event].as_py(),
            )
        )
    return Table("record_table", _RECORD_COLUMNS, rows)


def operation_matrix(study: Study) -> Table:
    """Return the share of each day that each unit ran, NA before and after its time there."""
    days = [str(day) for day in study.effort.days]
    return matrix("operation_matrix", "", study.effort.units, days, study.effort.operation)


def station_table(study: Study) -> Table:
    """Return stations as camtrapR's CTtable has them, with problems as they were given."""
    table = study.survey.deployments
    gaps: dict[int, list[str]] = {}
    for at, low, high in table.gaps:
        gaps.setdefault(at, []).extend((str(low), str(high)))
    most = max((len(one) // 2 for one in gaps.values()), default=0)
    problems = [f"Problem{n}_{end}" for n in range(1, most + 1) for end in ("from", "to")]
    columns = ("Station", "Camera", "latitude", "longitude", "Setup_date", "Retrieval_date")
    rows = [
        (
            table.station[at],
            table.camera[at],
            number(float(table.latitude[at]), 10),
            number(float(table.longitude[at]), 10),
            str(table.start[at]),
            str(table.end[at]),
            *(gaps.get(at, []) + [NA] * 2 * most)[: 2 * most],
        )
        for at in range(len(table))
    ]
    return Table("stations", (*columns, *problems), rows)
