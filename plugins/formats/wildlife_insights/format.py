"""Downloads of Wildlife Insights (https://www.wildlifeinsights.org): a row per image and animal.

An image is an event, or its sequence in projects of sequences, which are identified as a whole. The
label `species` is the scientific name of the lowest rank, `human`, `vehicle`, `animal`, or `empty`
for Blank; it is missing for No CV Result and Unknown.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ctc.plugin import InputFormat, LeftOut, Observation, Option, hookimpl

from ..csv_table import META
from .identification import COMMON, SCIENTIFIC
from .rows import RowReader
from .tables import is_download, open_download

OPTIONS = (
    Option(
        "names",
        "Names of species: 'scientific', or Wildlife Insights' 'common' ones.",
        default=SCIENTIFIC,
        choices=(SCIENTIFIC, COMMON),
    ),
    Option(
        "with-computer-vision",
        "Read what only Wildlife Insights' computer vision has identified, too.",
        "flag",
        default=False,
    ),
    META,
)

log = logging.getLogger("ctc.formats.wildlife_insights")


@hookimpl
def ctc_input_formats() -> Iterable[InputFormat]:
    return [
        InputFormat(
            name="wildlife-insights",
            summary="a download of Wildlife Insights: its zip, its folder, or images.csv",
            source="DOWNLOAD",
            recognizes=is_download,
            read=read,
            default_image_root=lambda source, _: source if source.is_dir() else source.parent,
            options=OPTIONS,
            columns_option="meta",
            example="ctc inventory wildlife-insights download.zip --image-root photos "
            "--output inventory.parquet",
        )
    ]


def read(source: Path, options: Mapping[str, Any]) -> Iterator[Observation | LeftOut]:
    """Yield the observations of a download.

    Labels: `species` and, where any row has one, `count`, `sex`, `lifeStage`. Meta: `deploymentID`,
    `location` (the placename, else the deployment_id), `latitude`, `longitude`, `datetime`, and the
    columns of `--meta`.
    """
    with open_download(source) as download:
        reader = RowReader(download, options)
        yield from reader.read()
    for note in reader.notes():
        log.warning("%s", note)
