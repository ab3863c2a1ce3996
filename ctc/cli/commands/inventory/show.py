"""ctc inventory show"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ctc.cli.options.paths import PLACE

if TYPE_CHECKING:
    from ctc.inventory.show import Holdings

    Section = tuple[Sequence[str], Collection[Sequence[str | int]]]

SHOWN_LOCATIONS = 20


@click.command(epilog="Example: ctc inventory show inventory.parquet")
@click.argument("file", type=PLACE)
@click.option("--json", "as_json", is_flag=True, help="Print all of it as a JSON object instead of tables.")
def command(file: Path, as_json: bool) -> None:
    """Tell what the inventory FILE holds.

    Counts per label, class and location; events by their photos and observations; the time span; photos that are in more than one
    event; the meta columns; what was left out.
    """
    from ctc.artifacts.inventory import Inventory
    from ctc.cli.console.formatting import print_table
    from ctc.inventory.show import holdings

    held = holdings(Inventory.read(file))
    if as_json:
        import json

        click.echo(json.dumps(held.to_json(), indent=1, ensure_ascii=False))
        return
    for header, rows in _sections(held):
        if rows:
            print_table(header, rows)


def _sections(held: Holdings) -> Iterator[Section]:
    yield ("inventory", ""), list(_totals(held))
    for label, counts in held.labels.items():
        yield (
            (label, "observations"),
            [*counts.classes.items(), *[("(missing)", counts.missing)] * bool(counts.missing)],
        )
    if held.locations is not None:
        places = [(name, place.events, place.photos) for name, place in held.locations.items()]
        more = f", first {SHOWN_LOCATIONS} of {len(places):,}" if len(places) > SHOWN_LOCATIONS else ""
        yield (f"location{more}", "events", "photos"), places[:SHOWN_LOCATIONS]
    yield ("photos per event", "events"), held.photos_per_event.items()
    yield ("observations per event", "events"), held.observations_per_event.items()
    yield ("meta column", "distinct values"), held.meta.items()
    yield ("left out", "entries"), held.left_out.items()
    shared = [(photo.path, photo.events, ", ".join(photo.first_events[:3])) for photo in held.first_shared]
    yield ("photo in several events", "events", "such as"), shared


def _totals(held: Holdings) -> Iterator[tuple[str, str | int]]:
    yield from (("observations", held.observations), ("events", held.events), ("photos", held.photos))
    yield "photos in several events", held.shared_photos
    if held.locations is not None:
        yield "events without a location", held.no_location
    if held.time:
        yield from (("first", held.time.first or "none"), ("last", held.time.last or "none"))
        yield from (("without a time", held.time.missing), ("with an unclear time", held.time.unclear))
    yield "image root", held.image_root
