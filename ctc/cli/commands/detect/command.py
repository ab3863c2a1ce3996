"""The command `ctc detect`."""

from __future__ import annotations

from typing import Any

import click

from ctc.cli.commands.detect.options import detect_options, to_config
from ctc.cli.options.photo_run import DRY_RUN
from ctc.cli.options.plugin import ENGINES, command_with
from ctc.cli.options.values.paths import PATH_OR_URL


@click.command(
    cls=command_with(ENGINES),
    epilog="Example: ctc detect detector.onnx new_photos --output boxes.json",
)
@click.argument("detector", type=PATH_OR_URL)
@click.argument("sources", type=PATH_OR_URL, nargs=-1, required=True, metavar="SOURCE...")
@detect_options
@DRY_RUN
def command(dry_run: bool, **options: Any) -> int:
    """Find animals, people and vehicles in photos with a DETECTOR file.

    DETECTOR is a file from `ctc import --detector`, or an ONNX file that describes itself, such as
    one that Ultralytics exported. A SOURCE is a photo, a clip (mp4, mov, avi, mts), a folder, a CSV
    (with --image) or an inventory (.parquet). Photos that fail are listed in OUTPUT.failures.csv;
    the exit code is then 3. To resume a run that was interrupted or killed, run the same command
    again.
    """
    from ctc.cli.commands.predict.carry_out import carry_out
    from ctc.inference.run.detect_run import prepare_detection

    return carry_out(prepare_detection, to_config(options), "detect", dry_run)
