"""Wildlife Insights' four tables: projects, cameras, deployments, images.

A row of `images` is an event with one of its species, as `image_id` its id; what only a person
knows, such as the project's name, is left empty. Columns: https://www.wildlifeinsights.org
"""

from __future__ import annotations

import numpy as np

from ctc.artifacts.observation_types import observation_type
from ctc.ecology.files.tables import ColumnTable, Table
from ctc.ecology.study import Study

FOLDER = "wildlife_insights"
_PROJECT = "project"


def wildlife_insights_tables(study: Study) -> list[Table | ColumnTable]:
    """Return the four tables."""
    return [_projects(), _cameras(study), _deployments(study), _images(study)]


def _projects() -> Table:
    columns = ("project_id", "project_name", "project_objectives", "project_species")
    return Table(f"{FOLDER}/projects", columns, [(_PROJECT, "", "", "Multiple")])


def _cameras(study: Study) -> Table:
    columns = ("project_id", "camera_id", "make", "model", "serial_number", "year_purchased")
    names = dict.fromkeys(study.survey.deployments.camera)
    return Table(f"{FOLDER}/cameras", columns, [(_PROJECT, one, "", "", "", "") for one in names])


def _deployments(study: Study) -> Table:
    table = study.survey.deployments
    columns = (
        *("project_id", "deployment_id", "placename", "longitude", "latitude"),
        *("start_date", "end_date", "camera_id"),
    )
    rows = [
        (
            _PROJECT,
            table.camera[at],
            table.station[at],
            _degrees(table.longitude[at]),
            _degrees(table.latitude[at]),
            _time(table.start[at]),
            _time(table.end[at]),
            table.camera[at],
        )
        for at in range(len(table))
    ]
    return Table(f"{FOLDER}/deployments", columns, rows)


def _images(study: Study) -> ColumnTable:
    import pyarrow as pa

    events, answers = study.survey.events, study.survey.answers
    blank = np.array([observation_type(name) == "blank" for name in answers.names], bool)
    names = [
        ("", "", "Blank") if is_blank else _names(name)
        for name, is_blank in zip(answers.names, blank.tolist(), strict=True)
    ]
    genus, epithet, common = ([one[at] for one in names] for at in range(3))
    ids = events.ids.take(pa.array(answers.event))
    times = pa.array(events.time[answers.event]).cast(pa.string())
    is_blank = blank[answers.species] if len(blank) else np.zeros(0, bool)
    species, rows = pa.array(answers.species), len(answers.event)
    return ColumnTable(
        f"{FOLDER}/images",
        {
            "project_id": pa.array([_PROJECT]).take(pa.array(np.zeros(rows, np.int64))),
            "deployment_id": pa.array(events.cameras, pa.string()).take(
                pa.array(events.camera[answers.event])
            ),
            "image_id": ids,
            "location": ids,
            "is_blank": pa.array(is_blank.astype(np.int8)),
            "identified_by": pa.array(["ctc"]).take(pa.array(np.zeros(rows, np.int64))),
            "genus": pa.array(genus, pa.string()).take(species),
            "species": pa.array(epithet, pa.string()).take(species),
            "common_name": pa.array(common, pa.string()).take(species),
            "timestamp": times,
            "number_of_objects": pa.array(answers.count, mask=is_blank),
        },
    )


def _names(name: str) -> tuple[str, str, str]:
    """Return genus, epithet and common name: `Vulpes vulpes` is a species, `fox` a common name."""
    first, _, rest = name.partition(" ")
    scientific = first[:1].isupper() and first[1:].islower() and rest.islower() and " " not in rest
    return (first, rest, "") if scientific else ("", "", name)


def _degrees(value: float) -> object:
    return "" if value != value else round(float(value), 7)


def _time(value: object) -> str:
    return str(value).replace("T", " ")
