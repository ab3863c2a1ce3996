"""The command `ctc inventory show`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ctc.cli.options.option import option
from ctc.cli.options.values.paths import PATH_OR_URL

if TYPE_CHECKING:
    from ctc.inventory.camera_counts import CameraCounts
    from ctc.inventory.show import InventorySummary

    Section = tuple[Sequence[str], Collection[Sequence[str | int]]]

MAX_LOCATIONS = MAX_CAMERAS = 20


@click.command(epilog="Example: ctc inventory show inventory.parquet")
@click.argument("file", type=PATH_OR_URL)
@option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
def command(file: Path, as_json: bool) -> None:
    """Summarise the inventory FILE.

    The summary has counts per label, class and location; cameras with their temperatures and
    triggers (see --camera-data); boxes per category; photos and observations per event; the time
    span; photos that are in more than one event; metadata columns; entries that were left out.
    """
    from ctc.artifacts.inventory import Inventory
    from ctc.cli.console.console import echo_json
    from ctc.cli.console.formatting import print_table
    from ctc.inventory.show import summarize

    summary = summarize(Inventory.read(file))
    if as_json:
        echo_json(summary.to_json())
        return
    for header, rows in _sections(summary):
        if rows:
            print_table(header, rows)


def _sections(summary: InventorySummary) -> Iterator[Section]:
    yield ("inventory", ""), list(_totals(summary))
    for label, counts in summary.labels.items():
        yield (
            (label, "observations"),
            [*counts.classes.items(), *[("(missing)", counts.missing)] * bool(counts.missing)],
        )
    if summary.locations is not None:
        rows = [(name, place.events, place.photos) for name, place in summary.locations.items()]
        more = f", first {MAX_LOCATIONS} of {len(rows):,}" if len(rows) > MAX_LOCATIONS else ""
        yield (f"location{more}", "events", "photos"), rows[:MAX_LOCATIONS]
    if summary.cameras is not None:
        yield from _camera_sections(summary.cameras)
    if summary.boxes is not None:
        yield ("category of boxes", "boxes"), summary.boxes.categories.items()
    yield ("photos per event", "events"), summary.photos_per_event.items()
    yield ("observations per event", "events"), summary.observations_per_event.items()
    yield ("meta column", "distinct values"), summary.meta.items()
    yield ("left out", "entries"), summary.left_out.items()
    shared = [
        (photo.path, photo.events, ", ".join(photo.first_events[:3]))
        for photo in summary.first_shared
    ]
    yield ("photo in several events", "events", "such as"), shared


def _camera_sections(cameras: CameraCounts) -> Iterator[Section]:
    rows = [(one.name, one.serials, one.events, one.photos) for one in cameras.cameras]
    more = f", first {MAX_CAMERAS} of {len(rows):,}" if len(rows) > MAX_CAMERAS else ""
    yield (f"camera{more}", "serial numbers", "events", "photos"), rows[:MAX_CAMERAS]
    if span := cameras.temperature:
        degrees = [f"{value:g}" for value in (span.lowest, span.median, span.highest)]
        header = ("temperature, °C", "lowest", "median", "highest", "events")
        yield header, [("", *degrees, span.events)]
    yield ("trigger", "events"), cameras.triggers.items()
    yield ("camera data from", "events"), cameras.read_from.items()


def _totals(summary: InventorySummary) -> Iterator[tuple[str, str | int]]:
    yield from (
        ("observations", summary.observations),
        ("events", summary.events),
        ("photos", summary.photos),
        *[("clips", summary.clips)] * bool(summary.clips),
    )
    yield "photos in several events", summary.shared_photos
    if summary.boxes is not None:
        yield "photos with boxes", summary.boxes.photos
    if summary.locations is not None:
        yield "events without a location", summary.no_location
    if summary.time:
        yield from (("first", summary.time.first or "none"), ("last", summary.time.last or "none"))
        yield from (
            ("without a time", summary.time.missing),
            ("with an unclear time", summary.time.unclear),
        )
    yield "image root", summary.image_root
