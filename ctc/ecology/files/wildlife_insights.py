"""Wildlife Insights' four tables for a batch upload: projects, cameras, deployments, images.

Columns: the templates, as the example and the checks have them of
https://github.com/ConservationInternational/Wildlife-Insights----Data-Migration.
The project is one of sequences: a row of `images` is a photo with one of the species of its event,
which is the sequence. What only a person knows, such as the project's name, is left empty.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ctc.artifacts.observation_types import observation_type
from ctc.ecology.files.tables import ColumnTable, Table
from ctc.ecology.study import Study
from ctc.ecology.survey import MODEL, Answers, Ints, Survey, Times

if TYPE_CHECKING:
    import pyarrow as pa

FOLDER = "wildlife_insights"
_PROJECT = {"project_id": "project", "project_species": "Multiple", "project_type": "Sequence"}
PROJECTS = (
    *("project_name", "project_id", "project_short_name", "project_objectives", "project_species"),
    *("project_species_individual", "project_sensor_layout", "project_sensor_layout_targeted_type"),
    *("project_bait_use", "project_bait_type", "project_stratification"),
    *("project_stratification_type", "project_sensor_method", "project_individual_animals"),
    *("project_blank_images", "project_sensor_cluster", "project_admin", "project_admin_email"),
    *("project_admin_organization", "country_code", "embargo", "initiative_id"),
    *("metadata_license", "image_license", "project_type"),
)
CAMERAS = ("project_id", "camera_id", "make", "model", "serial_number", "year_purchased")
DEPLOYMENTS = (
    *("project_id", "deployment_id", "subproject_name", "subproject_design", "placename"),
    *("longitude", "latitude", "start_date", "end_date", "event_name", "event_description"),
    *("event_type", "bait_type", "bait_description", "feature_type", "feature_type_methodology"),
    *("camera_id", "quiet_period", "camera_functioning", "sensor_height", "height_other"),
    *("sensor_orientation", "orientation_other", "recorded_by"),
)
IMAGES = (
    *("project_id", "deployment_id", "image_id", "location", "identified_by", "wi_taxon_id"),
    *("class", "order", "family", "genus", "species", "common_name", "uncertainty", "timestamp"),
    *("number_of_objects", "highlighted", "age", "sex", "animal_recognizable", "individual_id"),
    *("individual_animal_notes", "markings", "external_sequence_id", "sequence_start_time"),
)


class _Taxon(NamedTuple):
    wi_taxon_id: str = ""
    genus: str = ""
    species: str = ""
    common_name: str = ""


_KINDS = {
    "blank": _Taxon("f1856211-cfb7-4a5b-9158-c0f72fd09ee6", common_name="Blank"),
    "human": _Taxon("990ae9dd-7a59-4344-afcb-1b7b21368000", "Homo", "sapiens", "Human"),
    "vehicle": _Taxon("e2895ed5-780b-48f6-8a11-9e27cb594511", common_name="Vehicle"),
    "unknown": _Taxon(),
}
"""Ids: those of SpeciesNet's labels, which are Wildlife Insights'."""


class _Rows(NamedTuple):
    """Rows of images: number of the event, of the answer (−1 is none), id and time of the photo."""

    event: Ints
    answer: Ints
    image: pa.Array
    time: Times


def wildlife_insights_tables(study: Study) -> list[Table | ColumnTable]:
    """Return the four tables."""
    return [
        _table("projects", PROJECTS, [_PROJECT]),
        _table("cameras", CAMERAS, _cameras(study)),
        _table("deployments", DEPLOYMENTS, _deployments(study)),
        _images(study.survey),
    ]


def _table(name: str, columns: Sequence[str], rows: Sequence[Mapping[str, object]]) -> Table:
    return Table(
        f"{FOLDER}/{name}", columns, [[row.get(one, "") for one in columns] for row in rows]
    )


def _cameras(study: Study) -> list[Mapping[str, object]]:
    names = dict.fromkeys(study.survey.deployments.camera)
    return [{"project_id": _PROJECT["project_id"], "camera_id": name} for name in names]


def _deployments(study: Study) -> list[Mapping[str, object]]:
    table = study.survey.deployments
    return [
        {
            "project_id": _PROJECT["project_id"],
            "deployment_id": table.camera[at],
            "placename": table.station[at],
            "longitude": _degrees(table.longitude[at]),
            "latitude": _degrees(table.latitude[at]),
            "start_date": _time(table.start[at]),
            "end_date": _time(table.end[at]),
            "camera_id": table.camera[at],
        }
        for at in range(len(table))
    ]


def _images(survey: Survey) -> ColumnTable:
    import pyarrow as pa

    events, answers = survey.events, survey.answers
    rows = _image_rows(survey)
    taxa = [_taxon(name) for name in answers.names]
    is_known = rows.answer >= 0
    number = np.where(is_known, answers.species[rows.answer] if len(answers.event) else 0, 0)
    species = pa.array(number, mask=~is_known)
    is_blank = np.array([observation_type(one) == "blank" for one in answers.names] or [False])
    uncounted = ~is_known | is_blank[number]
    count = answers.count[rows.answer] if len(answers.event) else number
    columns = {
        "project_id": _same(_PROJECT["project_id"], len(number)),
        "deployment_id": pa.array(events.cameras, pa.string()).take(
            pa.array(events.camera[rows.event])
        ),
        "image_id": rows.image,
        "location": rows.image,
        "identified_by": _identified_by(survey, rows.event),
        **{
            name: pa.array([getattr(one, name) for one in taxa], pa.string()).take(species)
            for name in _Taxon._fields
        },
        "timestamp": pa.array(rows.time).cast(pa.string()),
        "number_of_objects": pa.array(count, mask=uncounted),
        "external_sequence_id": events.ids.take(pa.array(rows.event)),
        "sequence_start_time": pa.array(events.time[rows.event]).cast(pa.string()),
    }
    nothing = pa.nulls(len(number), pa.string())
    return ColumnTable(f"{FOLDER}/images", {name: columns.get(name, nothing) for name in IMAGES})


def _identified_by(survey: Survey, event: Ints) -> pa.Array:
    import pyarrow as pa

    known = survey.events.identified_by
    return _same(MODEL, len(event)) if known is None else known.take(pa.array(event))


def _image_rows(survey: Survey) -> _Rows:
    """Return a row per photo and answer; an event without known photos stands for one."""
    import pyarrow as pa

    events, photos = survey.events, survey.photos
    event, image, time = np.arange(len(events)), events.ids, events.time
    if photos is not None:
        bare = np.setdiff1d(event, photos.event)
        event = np.concatenate([photos.event, bare])
        image = pa.concat_arrays([photos.path, events.ids.take(pa.array(bare))])
        time = np.concatenate([photos.time, events.time[bare]])
    row, answer = _match(event, survey.answers)
    return _Rows(event[row], answer, image.take(pa.array(row)), time[row])


def _match(event: Ints, answers: Answers) -> tuple[Ints, Ints]:
    """Return for each photo and answer of its event their numbers; −1 is no answer."""
    order = np.argsort(answers.event, kind="stable")
    known = answers.event[order]
    first = np.searchsorted(known, event)
    count = np.searchsorted(known, event, side="right") - first
    rows = np.maximum(count, 1)
    photo = np.repeat(np.arange(len(event)), rows)
    at = first[photo] + np.arange(len(photo)) - np.repeat(np.cumsum(rows) - rows, rows)
    has_answer = count[photo] > 0
    answer = np.full(len(photo), -1)
    answer[has_answer] = order[at[has_answer]]
    return photo, answer


def _same(text: str, rows: int) -> pa.Array:
    import pyarrow as pa

    return pa.array([text]).take(pa.array(np.zeros(rows, np.int64)))


def _taxon(name: str) -> _Taxon:
    """Return the names of an answer: `Vulpes vulpes` is a species, `fox` a common name."""
    kind = observation_type(name)
    if kind != "animal":
        return _KINDS[kind]
    first, _, rest = name.partition(" ")
    scientific = first[:1].isupper() and first[1:].islower() and rest.islower() and " " not in rest
    return _Taxon("", first, rest) if scientific else _Taxon(common_name=name)


def _degrees(value: float) -> object:
    return "" if value != value else round(float(value), 7)


def _time(value: object) -> str:
    return str(value).replace("T", " ")
