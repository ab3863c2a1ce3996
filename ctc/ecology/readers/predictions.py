"""Surveys of prediction files.

A file with a row per event is read as it is. Of a file with a row per photo, an event's
probabilities are the mean of its photos'. Of one with a row per box, an event shows every species
that a box has; its probabilities are the mean of its boxes', and its group size the most
boxes of a species in one photo.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ctc.artifacts.arrow_columns import factorize
from ctc.artifacts.predictions import UNKNOWN
from ctc.ecology.config import CAMERA, LOCATION, SummaryConfig
from ctc.ecology.readers.names import guess_deployments, make_events, make_photos
from ctc.ecology.readers.photo_folders import folder_column
from ctc.ecology.readers.prediction_columns import PredictionColumns
from ctc.ecology.readers.prediction_files import read_columns
from ctc.ecology.survey import MODEL, Answers, Floats, Ints, Photos, Probabilities, Survey
from ctc.errors import InputError
from ctc.evaluation.answers.predictions import MAX_PROBABILITY

if TYPE_CHECKING:
    import pyarrow as pa

_COUNT = re.compile(r"\s*(\d+)")


class _Units(NamedTuple):
    """`event` (rows,): the event of each row; `first` (events,): its first row."""

    event: Ints
    first: Ints
    ids: pa.ChunkedArray


def read_prediction_survey(path: Path, config: SummaryConfig) -> Survey:
    """Read the events of a prediction file; start and end of deployments are those of photos.

    Raises CtcError if the file can't be read, or has no locations.
    """
    import pyarrow.compute as pc

    table = read_columns(path, config.label, config.location, config.camera)
    units, station = _units(table), table.column("station")
    by_folder = station is None and config.location == LOCATION
    if by_folder:
        station = folder_column(_first_paths(table, units))
    if station is None:
        raise InputError(
            f"'{path}' has no column '{config.location}' with values: name the column that says"
            " where cameras stood with --location; photos below folders of their cameras, predicted"
            " without an inventory, need none"
        )
    probabilities = _event_probabilities(table, units)
    answers, has_counts = _answers(table, units, probabilities)
    events = make_events(
        units.ids,
        station if by_folder else _take(station, units.first),
        _optional(table, "camera", units.first),
        _times(table, units.first),
        table.classes,
        probabilities,
        multi_label=table.column("present") is not None,
    )
    if config.camera != CAMERA and table.column("camera") is None:
        raise InputError(f"'{path}' has no column '{config.camera}' with values, as --camera names")
    people = _optional(table, "by", units.first)
    if people is not None:
        events = replace(events, identified_by=pc.fill_null(people.combine_chunks(), MODEL))
    guess = guess_deployments(events, _places(table, units))
    photos = _photos(table, units)
    return Survey(events, answers, guess, has_counts, photos=photos, by_folder=by_folder)


def _first_paths(table: PredictionColumns, units: _Units) -> pa.ChunkedArray:
    """Return the path of each event's first photo, its id if there is none but that."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if (paths := table.column("path")) is not None:
        return _take(paths, units.first)
    if (lists := table.column("photos")) is not None and pc.min(
        pc.list_value_length(lists)
    ).as_py():
        return pa.chunked_array([pc.list_element(lists.combine_chunks(), 0)])
    return units.ids


def _units(table: PredictionColumns) -> _Units:
    ids = table.column("id")
    if ids is None:
        raise InputError("the events have no ids")
    if table.column("path") is None:
        rows = np.arange(len(ids))
        return _Units(rows, rows, ids)
    names, event = factorize(ids)
    import pyarrow as pa

    return _Units(event, np.unique(event, return_index=True)[1], pa.chunked_array([names]))


def _event_probabilities(table: PredictionColumns, units: _Units) -> Probabilities:
    values = table.probabilities()
    low, high = float(values.min()), float(values.max())
    if not (low >= 0 and high <= MAX_PROBABILITY):
        raise InputError("there are probabilities that are not numbers from 0 to 1")
    if len(units.first) == len(units.event):
        return values
    sizes = np.bincount(units.event)
    means = [np.bincount(units.event, row) / sizes for row in values]
    return np.array(means, np.float32)


def _answers(
    table: PredictionColumns, units: _Units, probabilities: Probabilities
) -> tuple[Answers, bool]:
    if table.column("present") is not None and table.column("path") is None:
        event, species, names = _present_answers(table)
    elif table.column("box") is not None:
        return _box_answers(table, units), True
    elif table.column("path") is not None or table.column("top") is None:
        names, event = table.classes, np.arange(len(units.first))
        species = probabilities.argmax(axis=0)
    else:
        distinct, species = factorize(table.column("top"))
        names, event = tuple(distinct.to_pylist()), np.flatnonzero(species >= 0)
        species = species[event]
    size, has_counts = _group_sizes(table, units)
    return Answers(event, species, size[event], names), has_counts


def _present_answers(table: PredictionColumns) -> tuple[Ints, Ints, tuple[str, ...]]:
    import pyarrow as pa

    column = table.column("present")
    assert column is not None
    lists = column.combine_chunks()
    sizes = lists.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    distinct, species = factorize(pa.chunked_array([lists.flatten()]))
    return np.repeat(np.arange(len(lists)), sizes), species, tuple(distinct.to_pylist())


def _box_answers(table: PredictionColumns, units: _Units) -> Answers:
    """Return an answer for each event and species that a box shows."""
    boxes = ~np.isnan(_numbers(table, "box"))
    top, path = table.column("top"), table.column("path")
    assert top is not None
    assert path is not None
    distinct, species = factorize(top)
    _, photo = factorize(path)
    rows = np.flatnonzero(boxes & (species >= 0))
    key = np.stack([units.event[rows], species[rows], photo[rows]])
    in_photo, size = np.unique(key, axis=1, return_counts=True)
    pair, number = np.unique(in_photo[:2], axis=1, return_inverse=True)
    most = np.zeros(pair.shape[1], np.int64)
    np.maximum.at(most, number.ravel(), size)
    return Answers(pair[0], pair[1], most, tuple(distinct.to_pylist()))


def _group_sizes(table: PredictionColumns, units: _Units) -> tuple[Ints, bool]:
    """Return the group size of each event, 1 where nothing tells, and whether anything does."""
    size = np.ones(len(units.first), np.int64)
    if table.counts:
        texts = (table.counts.get(one, "") for one in units.ids.to_pylist())
        size = np.array([_parse_count(text) for text in texts], np.int64)
    elif (group := table.column("group")) is not None:
        size = np.maximum(1, group.fill_null(1).to_numpy())
    else:
        return size, False
    return size, True


def _parse_count(text: str | None) -> int:
    """Return the number that a class of counts begins with, as 3 of `3+`; 1 without one."""
    found = _COUNT.match(text or "")
    return max(1, int(found[1])) if found and text != UNKNOWN else 1


def _places(table: PredictionColumns, units: _Units) -> tuple[Floats, Floats] | None:
    if table.column("latitude") is None or table.column("longitude") is None:
        return None
    return (
        _numbers(table, "latitude")[units.first],
        _numbers(table, "longitude")[units.first],
    )


def _times(table: PredictionColumns, rows: Ints) -> pa.ChunkedArray:
    import pyarrow as pa

    found = table.column("time")
    return (
        pa.chunked_array([pa.nulls(len(rows), pa.string())])
        if found is None
        else _take(found, rows)
    )


def _photos(table: PredictionColumns, units: _Units) -> Photos | None:
    """Return the photos, None of a file that has events alone."""
    paths = table.column("path")
    if paths is not None:
        return make_photos(units.event, paths, _times(table, np.arange(len(paths))))
    lists, times = table.column("photos"), table.column("taken")
    if lists is None or times is None:
        return None
    sizes = lists.combine_chunks().value_lengths().to_numpy(zero_copy_only=False)
    event = np.repeat(units.event, sizes)
    return make_photos(event, _flatten(lists), _flatten(times))


def _flatten(lists: pa.ChunkedArray) -> pa.ChunkedArray:
    import pyarrow as pa

    return pa.chunked_array([lists.combine_chunks().flatten()])


def _numbers(table: PredictionColumns, name: str) -> Floats:
    column = table.column(name)
    assert column is not None
    return np.asarray(column.to_numpy().astype(float))


def _optional(table: PredictionColumns, name: str, rows: Ints) -> pa.ChunkedArray | None:
    column = table.column(name)
    return None if column is None else _take(column, rows)


def _take(column: pa.ChunkedArray, rows: Ints) -> pa.ChunkedArray:
    import pyarrow as pa

    return column if len(rows) == len(column) else column.take(pa.array(rows))
