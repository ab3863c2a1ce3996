"""Camtrap DP 1.0.2, the standard for exchanging camera trap data: https://camtrap-dp.tdwg.org

A package of machine observations: one per event, one per photo. `ctc review export` writes those of
people and the machine, one per event; photos have some only where they are an event of their own.
Values that the standard requires
and that neither the photos nor the table of events have (coordinates, times) are left empty and
listed in the package's README.md, never invented.
"""

from __future__ import annotations

import csv
import json
import logging
import shutil
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from ctc.artifacts.predictions import EventPrediction, Failure
from ctc.artifacts.taxonomy import scientific_names
from ctc.images.metadata.time_zone import Clock, make_clock
from ctc.plugin import OutputContext, OutputFormat, hookimpl
from ctc.storage.atomic import another_temp_path, remove

from ..label_option import LABEL, selected_label
from ..photo_fields import DATETIME, photo_fields
from .columns import TABLES
from .deployments import Deployments
from .descriptor import Gaps, descriptor, is_review, readme
from .rows import CamtrapDpRow, RowBuilder
from .time_zone import TIME_ZONE

log = logging.getLogger("ctc.outputs.camtrap_dp")


@hookimpl
def ctc_output_formats() -> list[OutputFormat]:
    options = (LABEL, TIME_ZONE)
    summary = "Camtrap DP 1.0.2, a package of observations"
    return [
        OutputFormat("camtrap-dp", summary, (".camtrap-dp",), write, options, folder=True),
        OutputFormat(
            "camtrap-dp-zip", f"{summary}, zipped", (".camtrap-dp.zip",), write_zip, options
        ),
    ]


def write(entries: Iterator[EventPrediction | Failure], path: Path, context: OutputContext) -> None:
    """Write the package as a folder.

    Raises UsageError for a label that the model doesn't have, and when a photo's time needs
    `--time-zone`.
    """
    label = selected_label(context)
    clock = make_clock(context.options[TIME_ZONE.key])
    row_builder = RowBuilder(
        label,
        context.model,
        f"{context.created:%Y-%m-%dT%H:%M:%SZ}",
        context.image_root,
        scientific_names(context.settings.get("taxonomy", {}).get(label, {})),
        of_events=is_review(context),
    )
    package = _PackageWriter(row_builder, clock, Deployments(context.image_root))
    path.mkdir()
    with ExitStack() as stack:
        media, observations = (_open_table(path, name, stack) for name in ("media", "observations"))
        for entry in entries:
            if isinstance(entry, EventPrediction):
                package.write(entry, media, observations)
    deployments = package.deployments.by_id.values()
    with ExitStack() as stack:
        _open_table(path, "deployments", stack).writerows(
            deployment.to_row() for deployment in deployments
        )
    gaps = Gaps(
        tuple(deployment.id for deployment in deployments if not deployment.coordinates),
        package.photos_without_time,
    )
    context = replace(context, notes=(*context.notes, *clock.notes()))
    document = descriptor(context, deployments, package.species, label)
    _write_text(
        path / "datapackage.json", json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    )
    _write_text(path / "README.md", readme(context, gaps))
    for note in clock.notes():
        log.warning("%s", note)
    for line in gaps.lines():
        log.warning("the Camtrap DP package is incomplete, see its README.md: %s", line)


def write_zip(
    entries: Iterator[EventPrediction | Failure], path: Path, context: OutputContext
) -> None:
    """Write the package as one zip file; its bytes don't depend on the time."""
    package = another_temp_path(path)
    try:
        write(entries, package, context)
        with ZipFile(path, "w") as archive:
            for member in sorted(package.iterdir()):
                info = ZipInfo(member.name)
                info.compress_type = ZIP_DEFLATED
                with (
                    member.open("rb") as file,
                    archive.open(info, "w", force_zip64=True) as packed,
                ):
                    shutil.copyfileobj(file, packed)
    finally:
        remove(package)


@dataclass
class _PackageWriter:
    """Writer of the rows, which collects what the descriptor needs.

    `species` are the scientific names that occur; `photos_without_time` is a count.
    """

    row_builder: RowBuilder
    clock: Clock
    deployments: Deployments
    species: set[str] = field(default_factory=set)
    photos_without_time: int = 0

    def write(
        self, event: EventPrediction, media: csv.DictWriter[str], observations: csv.DictWriter[str]
    ) -> None:
        moments = [
            self.clock.localize(photo_fields(event, photo)[DATETIME], photo.path)
            for photo in event.images
        ]
        self.photos_without_time += moments.count(None)
        deployment = self.deployments.add(event, filter(None, moments)).id
        media.writerows(self.row_builder.media_rows(event, deployment, moments))
        observations.writerows(
            self._collect_species(self.row_builder.observation_rows(event, deployment, moments))
        )

    def _collect_species(self, rows: Iterable[CamtrapDpRow]) -> Iterator[CamtrapDpRow]:
        for row in rows:
            self.species.update(filter(None, [str(row["scientificName"])]))
            yield row


def _open_table(folder: Path, table: str, stack: ExitStack) -> csv.DictWriter[str]:
    # backslashreplace: file names may hold bytes that are not UTF-8
    path = folder / f"{table}.csv"
    file = stack.enter_context(
        path.open("w", encoding="utf-8", errors="backslashreplace", newline="")
    )
    rows = csv.DictWriter(file, TABLES[table], lineterminator="\n")
    rows.writeheader()
    return rows


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")
