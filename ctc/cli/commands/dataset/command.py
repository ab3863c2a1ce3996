"""The command `ctc dataset`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ctc.cli.commands.dataset.options import dataset_options, to_config
from ctc.cli.options.engine import default_threads, resolve_engine
from ctc.cli.options.option import option
from ctc.cli.options.plugin import ENGINES, command_with
from ctc.cli.options.values.paths import PATH_OR_URL
from ctc.errors import require_extra


@click.command(
    cls=command_with(ENGINES),
    epilog="Example: ctc dataset inventory.parquet --output dataset --split train=0.8 "
    "--split val=0.2",
)
@click.argument("inventory", type=PATH_OR_URL)
@dataset_options
@option(
    "--dry-run",
    is_flag=True,
    help="Print what would be written and an estimate of the time, then exit.",
)
def command(
    inventory: Path,
    output: Path,
    resume: bool,
    overwrite: bool,
    dry_run: bool,
    engine: str | None,
    engine_options: dict[str, Any],
    **options: Any,
) -> int:
    """Convert an INVENTORY to a folder of TFRecord files with oriented, resized JPEGs and labels.

    Photos that can't be used are left out and listed in OUTPUT/left_out.csv; the exit code is then
    3. `ctc dataset verify` checks a finished folder.
    """
    require_extra("ctc dataset", "data", ("pyarrow", "google_crc32c"))
    from ctc.artifacts.inventory import Inventory
    from ctc.cli.commands.dataset.messages import print_dry_run, print_plan, print_result
    from ctc.cli.console import console
    from ctc.cli.registry import PARTLY_FAILED
    from ctc.dataset.build import build_dataset
    from ctc.dataset.folder import output_folder, resume_hint
    from ctc.dataset.plan import DatasetPlan
    from ctc.reporting import hint_if_interrupted

    options["workers"] = options["workers"] or default_threads(engine)
    bound_engine = resolve_engine(engine, engine_options)
    plan = DatasetPlan.make(Inventory.read(inventory), to_config(options))
    if dry_run:
        print_plan(plan)
        print_dry_run(plan)
        return 0
    with (
        hint_if_interrupted(console, lambda: resume_hint(output)),
        output_folder(output, resume=resume, overwrite=overwrite),
    ):
        print_plan(plan)
        events = sum(len(shard.events) for shard in plan.shards())
        with console.progress("dataset", events) as bar:
            result = build_dataset(plan, output, bar.advance, bound_engine)
    print_result(result)
    return PARTLY_FAILED if result.failures else 0
