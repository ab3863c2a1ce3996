"""The command `ctc merge`."""

from __future__ import annotations

from typing import Any

import click

from ctc.cli.commands.predict.options import FORMAT, OUTPUT
from ctc.cli.options.option import option
from ctc.cli.options.plugin import FORMATS, command_with
from ctc.cli.options.values.paths import PATH_OR_URL


@click.command(
    cls=command_with(FORMATS),
    epilog="Example: ctc merge predictions.csv.part-* --output predictions.csv",
)
@click.argument("parts", type=PATH_OR_URL, nargs=-1, required=True, metavar="PART...")
@OUTPUT
@FORMAT
@option("--overwrite", is_flag=True, help="Replace an existing output.")
def command(**options: Any) -> int:
    """Merge the PART files of `ctc predict`, `detect` or `embed` with --shard into one output.

    The output is the same as that of a run without --shard. All parts must be given. Photos that
    failed are listed in OUTPUT.failures.csv; the exit code is then 3.
    """
    from ctc.cli.commands.predict.messages import exit_code, print_summary
    from ctc.cli.console.console import progress
    from ctc.features.embed.run import EmbedKind
    from ctc.inference.run.detect_run import DetectKind
    from ctc.inference.run.merge import MergeConfig, prepare_merge
    from ctc.inference.run.predict_run import PredictKind
    from ctc.plugin.manager import plugins

    with progress("merge", None) as bar:
        kinds = PredictKind(), DetectKind(), EmbedKind()
        run = prepare_merge(MergeConfig(**options), plugins(), kinds)
        summary = run.run(bar.advance)
    print_summary(summary, run.done)
    return exit_code(summary)
