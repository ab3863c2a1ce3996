"""The command `ctc demo`."""

from __future__ import annotations

import shlex
import time
from pathlib import Path

import click

from ctc.cli.options.option import option
from ctc.cli.options.values.paths import PATH
from ctc.errors import CtcError, require_extra
from ctc.reporting import counted

NEW_PHOTOS = 14
REQUIRED_PACKAGES = (
    "pyarrow", "google_crc32c", "tensorflow", "keras", "tf2onnx", "onnx", "onnxruntime", "sklearn",
    "scipy", "jinja2", "matplotlib",
)  # fmt: skip
"""Everything that one of the steps needs: the first needs little, the last should not fail."""


@click.command(epilog="Example: ctc demo --output demo")
@option(
    "--output",
    type=PATH,
    default="demo",
    help="Folder to write.",
)
@option(
    "--seed",
    type=click.IntRange(0),
    default=1,
    help="Random seed of the photos and of the training.",
)
@option(
    "--locations",
    type=click.IntRange(3),
    default=40,
    help="Camera locations.",
)
@option("--events", type=click.IntRange(1), default=16, help="Events per location.")
@option(
    "--epochs",
    type=click.IntRange(1),
    default=45,
    help="Maximum number of epochs.",
)
@option("--overwrite", is_flag=True, help="Replace an earlier demo.")
def command(
    output: Path, seed: int, locations: int, events: int, epochs: int, overwrite: bool
) -> None:
    """Run the full pipeline on synthetic photos.

    It goes from labels to predictions at locations that are not in the training data, and writes an
    evaluation report. Then it learns the species again from the animals cut out of their photos.
    """
    from ctc.cli.console.console import info
    from ctc.demo.tour import animal_commands, commands, prepare_folder, result_lines
    from ctc.demo.world import draw_new_photos, draw_world

    require_extra("ctc demo", "cpu,train", REQUIRED_PACKAGES)
    prepare_folder(output, overwrite)
    start = time.monotonic()
    info(f"drawing {counted(locations, 'location')} with {counted(events, 'event')} each")
    draw_world(output, seed=seed, locations=locations, events_per_location=events)
    draw_new_photos(output, seed=seed, count=NEW_PHOTOS)
    steps = commands(output, seed, epochs) + animal_commands(output, seed, epochs)
    for arguments in steps:
        info(f"\n$ ctc {shlex.join(arguments)}")
        _run(arguments)
    info(f"\ndone in {time.monotonic() - start:.0f} s\n")
    for line in result_lines(output):
        click.echo(line)


def _run(arguments: list[str]) -> None:
    """Run another `ctc` command in this process."""
    from ctc.cli.console.console import verbosity_options

    ctc = click.get_current_context().find_root().command
    code = ctc.main([*verbosity_options(), *arguments], prog_name="ctc", standalone_mode=False)
    if code:
        raise CtcError(f"the demo stopped: `ctc {arguments[0]}` failed with exit code {code}")
