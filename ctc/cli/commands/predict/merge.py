"""ctc merge"""

from __future__ import annotations

from typing import Any

import click

from ctc.cli.commands.predict.options import FORMAT, OUTPUT
from ctc.cli.options.option import option
from ctc.cli.options.paths import PATH_OR_URL
from ctc.cli.options.plugin import FormatsCommand


@click.command(
    cls=FormatsCommand, epilog="Example: ctc merge predictions.csv.part-* --output predictions.csv"
)
@click.argument("parts", type=PATH_OR_URL, nargs=-1, required=True, metavar="PART...")
@OUTPUT
@FORMAT
@option("--overwrite", is_flag=True, help="Replace the output if it is there.")
def command(**options: Any) -> int:
    """Unite the PART files that `ctc predict --shard` left into the output that a run without
    --shard would have written.

    All parts must be there. Photos that failed are listed in OUTPUT.failures.csv, and the exit code
    is 3."""
    from ctc.cli.commands.predict.messages import exit_code, print_summary
    from ctc.cli.console.console import progress
    from ctc.inference.run.merge import MergeConfig, merge
    from ctc.plugin.manager import plugins

    with progress("merge", None) as bar:
        summary = merge(MergeConfig(**options), plugins(), bar.advance)
    print_summary(summary)
    return exit_code(summary)
