"""Wildlife Insights' four tables: projects, cameras, deployments, images.

A row of `images` is an event with one of its species, as `image_id` its id; what only a person
knows, such as the project's name, is left empty. Columns: https://www.wildlifeinsights.org
"""

from __future__ import annotations

from ctc.artifacts.observation_types import observation_type
from ctc.ecology.files.tables import Table
from ctc.ecology.study import Study

FOLDER = "wildlife_insights"
_PROJECT = "project"


def wildlife_insights_tables(study: Study) -> list[Table]:
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


def _images(study: Study) -> Table:
    events, answers = study.survey.events, study.survey.answers
    ids, times = events.ids.to_pylist(), events.time.astype(str).tolist()
    columns = (
        *("project_id", "deployment_id", "image_id", "location", "is_blank", "identified_by"),
        *("genus", "species", "common_name", "timestamp", "number_of_objects"),
    )
    rows = []
    for event, species, count in zip(
        answers.event.tolist(), answers.species.tolist(), answers.count.tolist(), strict=True
    ):
        name = answers.names[species]
        blank = observation_type(name) == "blank"
        genus, epithet, common = _names(name)
        rows.append(
            (
                _PROJECT,
                events.cameras[events.camera[event]],
                ids[event],
                ids[event],
                int(blank),
                "ctc",
                *(("", "", "Blank") if blank else (genus, epithet, common)),
                "" if times[event] == "NaT" else times[event].replace("T", " "),
                "" if blank else count,
            )
        )
    return Table(f"{FOLDER}/images", columns, rows)


def _names(name: str) -> tuple[str, str, str]:
    """Return genus, epithet and common name: `Vulpes vulpes` is a species, `fox` a common name."""
    first, _, rest = name.partition(" ")
    scientific = first[:1].isupper() and first[1:].islower() and rest.islower() and " " not in rest
    return (first, rest, "") if scientific else ("", "", name)


def _degrees(value: float) -> object:
    return "" if value != value else round(float(value), 7)


def _time(value: object) -> str:
    return str(value).replace("T", " ")
