"""ctc dataset verify"""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

import click

from ctc.cli.options.option import option
from ctc.cli.options.paths import PATH_OR_URL
from ctc.errors import MissingExtraError


@click.command(epilog="Example: ctc dataset verify dataset")
@click.argument("folder", type=PATH_OR_URL, metavar="DIR")
@option(
    "--workers",
    type=click.IntRange(1, 1024),
    help="Threads that read and decode.  [default: all cores]",
)
@option(
    "--max-faults",
    type=click.IntRange(1),
    default=100,
    help="End after so many.",
)
@option(
    "--json", "as_json", is_flag=True, help="Print a JSON object instead of a line for each fault."
)
def command(folder: Path, workers: int | None, max_faults: int, as_json: bool) -> int:
    """Check every byte of the dataset in DIR, and print each fault with its file and the offset of
    the record.

    Sizes and hashes of the files, indexes, checksums of the records, whether every photo decodes to
    its end, counts, label numbers, events in two splits, what an interrupted build left. The exit
    code is 1 when there is a fault."""
    if not find_spec("google_crc32c"):
        raise MissingExtraError("ctc dataset verify", "data")
    from ctc.cli.console.console import info, progress, warn
    from ctc.cli.registry import FAILED
    from ctc.dataset.verify.verify import open_for_verification, verify_dataset

    dataset = open_for_verification(folder)
    with progress("verify", sum(map(dataset.event_count, dataset.manifest.splits))) as bar:
        verified = verify_dataset(dataset, workers or os.cpu_count() or 1, max_faults, bar.advance)
    if as_json:
        import json
        from dataclasses import asdict

        click.echo(json.dumps(asdict(verified), indent=1, ensure_ascii=False))
    else:
        for fault in verified.faults:
            click.echo(fault)
    if not verified.complete:
        warn(f"ended after {max_faults:,} faults: --max-faults looks for more")
    faults = f"{len(verified.faults):,} faults" if verified.faults else "no fault"
    info(
        f"{verified.shards:,} shards, {verified.events:,} events, {verified.images:,} photos: {faults}"
    )
    return FAILED if verified.faults else 0
