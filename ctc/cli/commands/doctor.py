"""The command `ctc doctor`."""

from __future__ import annotations

from pathlib import Path

import click

from ctc.cli.options.option import option
from ctc.cli.options.values.paths import PATH


@click.command(epilog="Example: ctc doctor /data/predictions --model model.onnx")
@click.argument("folder", type=PATH, default=".")
@option(
    "--model",
    type=PATH,
    metavar="FILE",
    show_default="a standard network",
    help="Model to measure with.",
)
@option(
    "--seconds",
    type=click.FloatRange(0.1),
    default=3,
    help="Seconds per measurement.",
)
@option(
    "--paths",
    is_flag=True,
    help="Show paths and the names of user and machine, which are hidden otherwise.",
)
@option("--json", "as_json", is_flag=True, help="Print JSON instead of lines.")
def command(folder: Path, model: Path | None, seconds: float, paths: bool, as_json: bool) -> int:
    """Check the installation: what is installed, what works, and how fast it is.

    A temporary file is written to FOLDER. The output holds no private data, so you can paste it
    into an issue. The exit code is 0 when prediction works.
    """
    from ctc.cli.registry import FAILED
    from ctc.doctor.checks import PREDICTION_CHECK, run_checks
    from ctc.doctor.finding import findings_json
    from ctc.doctor.redact import Redactor

    folder, model = folder.absolute(), model and model.absolute()
    redactor = Redactor((folder, model.parent) if model else (folder,))
    findings = []
    for found in run_checks(folder, model, seconds):
        findings.append(found if paths else redactor.redact(found))
        if not as_json:
            click.echo(findings[-1].line())
    works = any(found.check == PREDICTION_CHECK and found.status == "ok" for found in findings)
    click.echo(
        findings_json(findings, works)
        if as_json
        else f"\nprediction {'works' if works else 'does not work'} here"
    )
    return 0 if works else FAILED
