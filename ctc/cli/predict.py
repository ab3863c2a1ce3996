"""ctc predict"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ctc.cli.predict_formats import FormatsCommand
from ctc.cli.predict_options import PATH, predict_options, to_config

if TYPE_CHECKING:
    from ctc.inference.job import Summary


@click.command(cls=FormatsCommand, epilog="Example: ctc predict model.onnx new_photos --output predictions.csv")
@click.argument("model", type=PATH)
@click.argument("sources", type=PATH, nargs=-1, required=True, metavar="SOURCE...")
@predict_options
def command(**options: Any) -> int:
    """Say which animals are on photos, with a MODEL file that `ctc export` wrote.

    A SOURCE is a photo, a folder, a CSV (with --event-id and --image) or an inventory (.parquet). A photo that belongs to no
    event is its own, with its path as id. Photos that fail are listed in OUTPUT.failures.csv, and the exit code is 3.
    """
    from ctc.cli.console import progress, warn
    from ctc.cli.main import PARTLY_FAILED
    from ctc.inference.job import prepare
    from ctc.plugin.manager import plugins

    job = prepare(to_config(options), plugins())
    for note in job.events.notes:
        warn(note)
    with progress("predict", job.events.photos) as bar:
        summary = job.run(bar.advance)
    _tell(summary)
    return PARTLY_FAILED if summary.failed else 0


def _tell(summary: Summary) -> None:
    from ctc.cli.console import say, warn

    rate = summary.photos / max(summary.seconds, 1e-9)
    say(
        f"{summary.events:,} events predicted from {summary.photos:,} photos in {summary.seconds:.1f} s ({rate:,.0f}/s)"
    )
    if summary.failed:
        warn(f"{summary.failed:,} failed and are listed in '{summary.failures}':")
        for failure in summary.first_failures:
            say(f"  '{failure.path}': {failure.reason}")
