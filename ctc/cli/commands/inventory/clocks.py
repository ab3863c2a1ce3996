"""The command `ctc inventory clocks`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ctc.cli.options.option import option
from ctc.cli.options.values.paths import PATH_OR_URL
from ctc.errors import OutputExistsError, UsageError

if TYPE_CHECKING:
    from ctc.artifacts.inventory import Inventory
    from ctc.inventory.clocks.check import ClockReport
    from ctc.inventory.clocks.finding import ClockFinding

HEADER = ("camera", "finding", "from", "to", "events", "add", "sure", "evidence")


@click.command(epilog="Example: ctc inventory clocks inventory.parquet --output clock_offsets.csv")
@click.argument("file", type=PATH_OR_URL)
@option(
    "--deployments",
    type=PATH_OR_URL,
    metavar="FILE",
    help="CSV that says when cameras ran, as for ctc summarize.",
)
@option(
    "--look",
    type=click.IntRange(0, 10_000),
    default=40,
    metavar="N",
    help="Open up to N photos of each camera, to tell day from night by their colour; 0: none.",
)
@option(
    "--image-root",
    type=PATH_OR_URL,
    show_default="as in the inventory",
    help="Folder that relative paths start from.",
)
@option(
    "--confidence",
    type=click.FloatRange(0.5, 1, max_open=True),
    default=0.99,
    metavar="P",
    help="Write offsets that are at least this sure.",
)
@option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@option(
    "--output",
    type=PATH_OR_URL,
    metavar="FILE",
    show_default="none",
    help="CSV to write, for --clock-offset; what is less sure goes to FILE.unsure.csv.",
)
@option("--overwrite", is_flag=True, help="Replace an existing output.")
def command(
    file: Path,
    deployments: Path | None,
    look: int,
    image_root: Path | None,
    confidence: float,
    as_json: bool,
    output: Path | None,
    overwrite: bool,
) -> int:
    """Find clocks of cameras that were wrong in the inventory FILE, and by how much.

    \b
    default clock       times that a camera shows when it has lost them
    in the future       times that are still to come
    other period        files whose times don't fit those numbered before and after
    went back           a step back from one file to the next
    outside deployment  with --deployments: times when the camera did not stand there
    12 hours off        day and night changed over, by colours and by activity

    The exit code is 3 when something is found.
    """
    from ctc.artifacts.inventory import Inventory
    from ctc.cli.console.console import echo_json, info, progress, warn
    from ctc.cli.registry import PARTLY_FAILED
    from ctc.inventory.clocks.check import find_wrong_clocks
    from ctc.inventory.clocks.offset_files import unsure_path, write_offsets
    from ctc.reporting import counted
    from ctc.storage.paths import is_http

    inventory = Inventory.read(file)
    if output:
        if output in (file, deployments):
            raise UsageError(f"--output would replace '{output}', which is read: choose another")
        _check_output(inventory, output, unsure_path(output), overwrite)
    root = image_root or inventory.image_root
    if image_root and not is_http(image_root) and not image_root.is_dir():
        raise UsageError(f"the image root '{image_root}' is not a folder: correct --image-root")
    report = find_wrong_clocks(inventory, root, deployments, look, progress, confidence)
    if as_json:
        echo_json(_to_json(report))
    else:
        _print(report.findings)
    for note in report.notes:
        warn(note)
    if output:
        sure, unsure = write_offsets(output, report.findings, confidence)
        info(f"wrote {counted(sure, 'offset')} to '{output}'")
        if unsure:
            info(f"{counted(unsure, 'finding')} less sure in '{unsure_path(output)}'")
    searched = f"{counted(report.events, 'event')} of {counted(report.cameras, 'camera')}"
    what = counted(len(report.findings), "finding") if report.findings else "nothing wrong found"
    info(f"{searched}: {what}")
    return PARTLY_FAILED if report.findings else 0


def _check_output(inventory: Inventory, output: Path, unsure: Path, overwrite: bool) -> None:
    from ctc.artifacts.cameras.clock_offsets import DATETIME_ORIGINAL

    if DATETIME_ORIGINAL in inventory.meta:
        raise UsageError(
            "--output writes offsets of the cameras' own times, but those of the inventory have"
            " been corrected already: leave it out, or take the inventory before the correction"
        )
    for path in (output, unsure):
        if path.exists() and not overwrite:
            raise OutputExistsError(path)


def _to_json(report: ClockReport) -> dict[str, object]:
    return {
        "cameras": report.cameras,
        "events": report.events,
        "findings": [one.to_json() for one in report.findings],
        "notes": list(report.notes),
    }


def _print(findings: Iterable[ClockFinding]) -> None:
    from ctc.cli.console.formatting import print_table
    from ctc.inventory.clocks.offset_files import describe_offset

    rows = [
        (
            one.camera,
            one.kind,
            (one.start or "").replace("T", " "),
            (one.end or "").replace("T", " "),
            one.events,
            describe_offset(one),
            "" if one.sure is None else _percent(one.sure),
            one.evidence,
        )
        for one in findings
    ]
    if rows:
        print_table(HEADER, rows, left=("finding", "evidence"))


def _percent(sure: float) -> str:
    """Return '99.97%' or '99.9998%', never rounded up to 100 %."""
    if sure >= 1:
        return "100%"
    return f"{sure:.2%}" if sure < 0.9999 else f"{min(100 * sure, 99.9999):.6g}%"
