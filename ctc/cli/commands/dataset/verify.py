"""The command `ctc dataset verify`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from ctc.cli.options.option import option
from ctc.cli.options.values.paths import PATH_OR_URL
from ctc.errors import require_extra
from ctc.reporting import counted


@click.command(epilog="Example: ctc dataset verify dataset")
@click.argument("folder", type=PATH_OR_URL, metavar="DIR")
@option(
    "--workers",
    type=click.IntRange(1, 1024),
    show_default="all cores",
    help="I/O and decode threads.",
)
@option(
    "--max-faults",
    type=click.IntRange(1),
    default=100,
    help="Stop after N faults.",
)
@option("--json", "as_json", is_flag=True, help="Print JSON instead of a line per fault.")
def command(folder: Path, workers: int | None, max_faults: int, as_json: bool) -> int:
    """Check every byte of the dataset in DIR, and print each fault with its file and record offset.

    The command checks the sizes and hashes of the files, the indexes, the checksums of the records,
    the decoding of every photo, counts, label indices, events that are in two splits, and files
    left by an interrupted build. The exit code is 1 when there is a fault.
    """
    require_extra("ctc dataset verify", "data", ("google_crc32c",))
    from ctc.cli.console.console import echo_json, info, progress, warn
    from ctc.cli.registry import FAILED
    from ctc.dataset.verify.verify import open_for_verification, verify_dataset

    dataset = open_for_verification(folder)
    with progress("verify", sum(map(dataset.event_count, dataset.manifest.splits))) as bar:
        verified = verify_dataset(dataset, workers or os.cpu_count() or 1, max_faults, bar.advance)
    if as_json:
        from dataclasses import asdict

        echo_json(asdict(verified))
    else:
        for fault in verified.faults:
            click.echo(fault)
    if not verified.complete:
        warn(f"stopped after {max_faults:,} faults: use --max-faults to find more")
    faults = f"{len(verified.faults):,} faults" if verified.faults else "no fault"
    counts = ", ".join(
        (
            counted(verified.shards, "shard"),
            counted(verified.events, "event"),
            counted(verified.images, "photo"),
        )
    )
    info(f"{counts}: {faults}")
    return FAILED if verified.faults else 0
