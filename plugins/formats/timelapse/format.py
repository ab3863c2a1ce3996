"""Timelapse's data of an image set: the CSV that it exports, or its database.

Timelapse (https://timelapse.ucalgary.ca) has a row per photo and clip: `File`, `RelativePath` (its
folder), `DateTime` (or `Date` and `Time`), `DeleteFlag`, and the fields of the project's own
template. A row that was duplicated, for a second species, is a second observation of its photo.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ctc.errors import CtcError, UsageError
from ctc.plugin import InputFormat, LeftOut, Observation, Option, hookimpl
from ctc.storage.csv_reader import open_table

from .. import label_cells
from ..csv_table import META, WHERE
from .database import SUFFIX, is_database
from .fields import DATE, DATE_TIME, DELETED, FILE, FOLDER
from .rows import RowReader

OPTIONS = (
    Option(
        "label",
        "Field with a label.  [default: Species, and Count if there is one]",
        metavar="FIELD",
        multiple=True,
    ),
    Option(
        "counter",
        "Counter or flag of one species: where it is above 0 or true, it is an observation of the "
        "species that it is named after.",
        metavar="FIELD",
        multiple=True,
    ),
    *label_cells.OPTIONS,
    Option(
        "event-id",
        "Field with the event, such as that of Timelapse's episodes.  "
        "[default: each file is an event]",
        metavar="FIELD",
    ),
    Option(
        "location",
        "Field with the location.  [default: the file's folder, but for those that cameras number]",
        metavar="FIELD",
    ),
    Option("with-deleted", "Read files that are marked for deletion, too.", "flag", default=False),
    META,
    WHERE,
)


@hookimpl
def ctc_input_formats() -> Iterable[InputFormat]:
    return [
        InputFormat(
            name="timelapse",
            summary="Timelapse's exported CSV, or its database (TimelapseData.ddb)",
            source="FILE",
            recognizes=_recognizes,
            read=read,
            default_image_root=lambda source, _: source.parent,
            options=OPTIONS,
            columns_option="meta",
            example="ctc inventory timelapse TimelapseData.csv --image-root photos "
            "--output inventory.parquet",
        )
    ]


def _recognizes(path: Path) -> bool:
    if path.suffix.lower() not in (".csv", ".tsv", ".txt"):
        return is_database(path)
    try:
        columns = open_table(path).columns
    except CtcError:
        return False
    return {FILE, FOLDER} <= columns.keys() and not {DATE_TIME, DATE, DELETED}.isdisjoint(columns)


def read(source: Path, options: Mapping[str, Any]) -> Iterator[Observation | LeftOut]:
    """Yield the observations of a CSV or a database.

    Labels: those of `choose_labels`. Meta: `location`, `datetime` (in the camera's own time), and
    the fields of `--meta`.
    """
    if not source.is_file():
        found = "is a folder" if source.is_dir() else "does not exist"
        raise UsageError(
            f"'{source}' {found}: give the CSV that Timelapse exported, or TimelapseData{SUFFIX}"
        )
    reader = RowReader.open(source, options)
    for row in reader.table.rows():
        yield from reader.read(row)
    reader.log_notes()
