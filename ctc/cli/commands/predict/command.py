"""The command `ctc predict`."""

from __future__ import annotations

from typing import Any

import click

from ctc.cli.commands.predict.options import predict_options, to_config
from ctc.cli.options.photo_run import DRY_RUN
from ctc.cli.options.plugin import AGGREGATIONS, ENGINES, FORMATS, command_with
from ctc.cli.options.values.paths import PATH_OR_URL


@click.command(
    cls=command_with(FORMATS, ENGINES, AGGREGATIONS),
    epilog="Example: ctc predict model.onnx new_photos --output predictions.csv",
)
@click.argument("model", type=PATH_OR_URL)
@click.argument("sources", type=PATH_OR_URL, nargs=-1, required=True, metavar="SOURCE...")
@predict_options
@DRY_RUN
def command(dry_run: bool, **options: Any) -> int:
    """Predict the classes of photos with a MODEL file from `ctc export`.

    A SOURCE is a photo, a clip (mp4, mov, avi, mts), a folder, a CSV (with --image) or an inventory
    (.parquet). A photo without an event, or a clip, becomes an event of its own, with its path as
    id. Photos that fail are listed in OUTPUT.failures.csv; the exit code is then 3. To resume a run
    that was interrupted or killed, run the same command again.
    """
    from ctc.cli.commands.predict.carry_out import carry_out
    from ctc.inference.run.predict_run import prepare_run

    return carry_out(prepare_run, to_config(options), "predict", dry_run)
