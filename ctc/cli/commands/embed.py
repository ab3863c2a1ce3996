"""The command `ctc embed`."""

from __future__ import annotations

from typing import Any

import click

from ctc.cli.options.boxes import BOXES, REPEATS, detector_option, pop_boxes, require_detector
from ctc.cli.options.inference import DECODE
from ctc.cli.options.option import apply_options, option
from ctc.cli.options.photo_run import (
    DRY_RUN,
    RUN,
    RUNTIME,
    SOURCES,
    pop_run_options,
)
from ctc.cli.options.plugin import ENGINES, command_with
from ctc.cli.options.values.paths import PATH_OR_URL


@click.command(
    cls=command_with(ENGINES),
    epilog="Example: ctc embed model.onnx new_photos --output embeddings.parquet",
)
@click.argument("model", type=PATH_OR_URL)
@click.argument("sources", type=PATH_OR_URL, nargs=-1, required=True, metavar="SOURCE...")
@option(
    "--output", type=PATH_OR_URL, required=True, help="File to write, with the suffix .parquet."
)
@apply_options((*SOURCES, detector_option("embed"), *BOXES, REPEATS, *RUNTIME, DECODE, *RUN))
@DRY_RUN
def command(dry_run: bool, **options: Any) -> int:
    """Write the features of photos, by a MODEL with the output 'features'.

    MODEL is a file of `ctc export --features` or `ctc import --features`. A SOURCE is a photo, a
    clip (mp4, mov, avi, mts), a folder, a CSV (with --image), an inventory (.parquet), or, alone, a
    dataset. The output has a
    row per photo: event, path, time, place, the other columns of the table, and the features.
    With --detector it has a row per animal, with its box; photos without an animal are counted.
    Photos that fail are listed in OUTPUT.failures.csv; the exit code is then 3. To resume a run
    that was interrupted or killed, run the same command again.
    """
    from ctc.cli.commands.predict.carry_out import carry_out
    from ctc.errors import require_extra
    from ctc.features.embed.run import EmbedConfig, prepare_embed

    require_extra("ctc embed", "data", ["pyarrow"])
    run = pop_run_options(options)
    require_detector(options)
    config = EmbedConfig(**run, **pop_boxes(options), **options)
    return carry_out(prepare_embed, config, "embed", dry_run)
