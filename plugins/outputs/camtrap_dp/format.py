"""Camtrap DP 1.0.2, the standard for exchanging camera trap data: https://camtrap-dp.tdwg.org

A package of machine observations: one per event, one per photo. `ctc review export` writes those of
people and the machine, one per event; photos have some only where they are an event of their own.
Values that the standard requires and that neither the photos nor the tables of events and
deployments have (coordinates, times) are left empty and listed in the package's README.md, never
invented.
"""

from __future__ import annotations

import csv
import json
import logging
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from ctc.artifacts.predictions import EventPrediction, Failure, ImagePrediction
from ctc.artifacts.taxonomy import Taxonomy, scientific_names
from ctc.images.metadata.time_zone import Clock, make_clock, parse_time
from ctc.plugin import OutputContext, OutputFormat, hookimpl
from ctc.storage.atomic import another_temp_path, remove

from ..label_option import LABEL, selected_label
from ..photo_fields import DATETIME, photo_fields
from ..time_zone import TIME_ZONE
from .columns import TABLES
from .deployment_table import DEPLOYMENT_TABLE, read_deployment_table
from .deployments import Deployments
from .descriptor import descriptor, is_review
from .media import CamtrapDpRow, event_media
from .readme import Gaps, correction_notes, deployment_notes, failure_notes, readme
from .rows import RowBuilder
from .taxonomy import TAXONOMY, label_taxonomy

log = logging.getLogger("ctc.outputs.camtrap_dp")


@hookimpl
def ctc_output_formats() -> list[OutputFormat]:
    options = (LABEL, TIME_ZONE, DEPLOYMENT_TABLE, TAXONOMY)
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
    `--time-zone`, CtcError for a table of deployments that can't be read.
    """
    label = selected_label(context)
    clock = make_clock(context.options[TIME_ZONE.key])
    taxonomy, notes = label_taxonomy(context, label)
    for note in notes:
        log.warning("%s", note)
    context = replace(context, notes=(*context.notes, *notes))
    row_builder = RowBuilder(
        label,
        context.model,
        f"{context.created:%Y-%m-%dT%H:%M:%SZ}",
        context.image_root,
        scientific_names(taxonomy),
        of_events=is_review(context),
    )
    source = context.options[DEPLOYMENT_TABLE.key]
    table = read_deployment_table(source, clock) if source else None
    package = _PackageWriter(row_builder, clock, Deployments(context.image_root, table))
    path.mkdir()
    with ExitStack() as stack:
        media, observations = (_open_table(path, name, stack) for name in ("media", "observations"))
        for entry in entries:
            package.write(entry, media, observations)
    _write_rest(package, path, context, label, taxonomy)


def _write_rest(
    package: _PackageWriter, path: Path, context: OutputContext, label: str, taxonomy: Taxonomy
) -> None:
    """Write the deployments, the descriptor and the README; warn of what is odd or missing."""
    deployments = package.deployments
    with ExitStack() as stack:
        _open_table(path, "deployments", stack).writerows(one.to_row() for one in deployments)
    notes = (*package.clock.notes(), *deployment_notes(deployments))
    of_all = (*notes, *correction_notes(deployments), *failure_notes(package.failures))
    context = replace(context, notes=(*context.notes, *of_all))
    document = descriptor(context, list(deployments), package.species, label, taxonomy)
    if package.capture_methods:
        document["project"]["captureMethod"] = sorted(package.capture_methods)
    _write_text(
        path / "datapackage.json", json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    )
    gaps = Gaps(deployments, package.without_time)
    _write_text(path / "README.md", readme(context, gaps, bool(taxonomy)))
    for note in notes:
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

    `species` and `capture_methods` are those that occur. `without_time`: the number of clips (True)
    and photos; `failures`: that of failures.
    """

    row_builder: RowBuilder
    clock: Clock
    deployments: Deployments
    species: set[str] = field(default_factory=set)
    capture_methods: set[str] = field(default_factory=set)
    without_time: Counter[bool] = field(default_factory=Counter)
    failures: int = 0

    def write(
        self,
        event: EventPrediction | Failure,
        media: csv.DictWriter[str],
        observations: csv.DictWriter[str],
    ) -> None:
        if isinstance(event, Failure):
            self.failures += 1
            return
        moments = [self._moment(event, photo) for photo in event.images]
        event_files = event_media(event, moments)
        for one in event_files:
            if one.time is None:
                self.without_time[one.is_clip] += 1
        place = self.deployments.add(event, [one.time for one in event_files if one.time])
        place.photos += len(event_files)
        place.corrected += sum(one.shown is not None for one in event_files)
        for row in self.row_builder.media_rows(event, place.id, event_files):
            self.capture_methods.update(filter(None, [str(row["captureMethod"])]))
            media.writerow(row)
        observations.writerows(
            self._collect_species(self.row_builder.observation_rows(event, place.id, moments))
        )

    def _moment(self, event: EventPrediction, photo: ImagePrediction) -> datetime | None:
        """Return the photo's time; without a clock's zone, in that of the event in its table."""
        text = photo_fields(event, photo)[DATETIME]
        own, of_event = parse_time(text), parse_time(event.meta.get(DATETIME))
        if own and of_event and of_event.tzinfo and not (own.tzinfo or self.clock.zone):
            return own.replace(tzinfo=of_event.tzinfo)
        return self.clock.localize(text, photo.path)

    def _collect_species(self, rows: Iterable[CamtrapDpRow]) -> Iterator[CamtrapDpRow]:
        for row in rows:
            self.species.update(filter(None, [str(row.get("scientificName", ""))]))
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
