"""Panthera's CSV of photos and labels: fixed columns, one photo per row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ctc.errors import CtcError
from ctc.plugin import InputFormat, LeftOut, Observation, hookimpl
from ctc.storage.csv_reader import open_table

from . import csv_table

LABELS = (
    "species",
    "count",
    "standing",
    "resting",
    "moving",
    "eating",
    "interacting",
    "babies",
    "empty",
    "species_panthera",
)
COLUMNS = {
    "event_id": "capture_id",
    "image": ("dir",),
    "label": LABELS,
    "meta": ("survey", "image", "location", "split_name"),
}


@hookimpl
def ctc_input_formats() -> Iterable[InputFormat]:
    return [
        InputFormat(
            name="panthera",
            summary="Panthera's table: events by 'capture_id', photos in 'dir', ten labels, "
            "and survey, location, split_name",
            source="FILE",
            recognizes=_recognizes,
            read=read,
            default_image_root=lambda source, _: source.parent,
            example="ctc inventory panthera labels.csv --image-root photos "
            "--output inventory.parquet",
        )
    ]


def read(source: Path, options: Mapping[str, Any]) -> Iterator[Observation | LeftOut]:
    """Yield the observations as `ctc inventory csv` with COLUMNS, all of which are required."""
    return csv_table.read(source, COLUMNS)


def _recognizes(path: Path) -> bool:
    if path.suffix.lower() != ".csv":
        return False
    try:
        return {"capture_id", "dir", "species_panthera"} <= open_table(path).columns.keys()
    except CtcError:
        return False
