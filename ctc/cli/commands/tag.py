"""ctc tag"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from ctc.cli.options.inference import threads_option
from ctc.cli.options.option import option
from ctc.cli.options.values.paths import PATH, PATH_OR_URL
from ctc.cli.registry import PARTLY_FAILED
from ctc.errors import InputError, UsageError
from ctc.reporting import counted

if TYPE_CHECKING:
    from ctc.tagging.run import TagPlan, TagResult

_SHOWN = 10


@click.command(
    epilog="Example: ctc tag predictions.csv --image-root new_photos --copy-to tagged_photos"
)
@click.argument("source", type=PATH, metavar="PREDICTIONS|REVIEW|INVENTORY")
@option(
    "--copy-to",
    type=PATH,
    metavar="DIR",
    help="Folder for copies of the photos with keywords in them, in the same tree.",
)
@option(
    "--sidecars",
    is_flag=True,
    help="Write keywords into .xmp files beside the photos, or beside the copies of --copy-to.",
)
@option(
    "--sidecar-name",
    type=click.Choice(["photo.jpg.xmp", "photo.xmp"]),
    default="photo.jpg.xmp",
    help="Name of the sidecar of photo.jpg: as digiKam and darktable, or as Adobe's programs do.",
)
@option(
    "--image-root",
    type=PATH_OR_URL,
    metavar="DIR",
    show_default="the current folder, or that of the review or inventory",
    help="Folder that relative photo paths start from, and the tree of copies.",
)
@option(
    "--inventory",
    type=PATH,
    metavar="FILE",
    help="Inventory that names the photos of events, for predictions that don't.",
)
@option(
    "--label",
    "labels",
    multiple=True,
    metavar="NAME[=ROOT]",
    show_default="the first",
    help="Label to write, and the root of its keywords: 'class=Species'. Repeatable.",
)
@option(
    "--ranks/--no-ranks",
    default=True,
    help="Also write where a class stands in the tree of life, as Taxonomy|…, where predictions "
    "have a lineage, or --taxonomy has.",
)
@option(
    "--taxonomy",
    type=PATH,
    metavar="FILE",
    show_default="none",
    help="CSV with the ranks of each class of the first label, for predictions without lineages.",
)
@option(
    "--min-confidence",
    type=click.FloatRange(0, 1),
    default=0.0,
    help="Answers that are less sure give no keyword; people's always do.",
)
@option("--only-reviewed", is_flag=True, help="Write the answers of people alone.")
@option(
    "--blur",
    multiple=True,
    metavar="CLASS",
    show_default="none",
    help="Class to make unrecognizable in copies, such as 'human': its boxes, or the whole photo "
    "where it has none. Repeatable.",
)
@option(
    "--blur-confidence",
    type=click.FloatRange(0, 1),
    default=0.1,
    help="Least confidence of a box that is blurred.",
)
@option("--remove-gps", is_flag=True, help="Leave coordinates out of copies.")
@threads_option("all", "Threads that write.")
@option(
    "--failures",
    type=PATH,
    metavar="FILE",
    show_default="none",
    help="CSV to list in what could not be tagged.",
)
@option("--dry-run", is_flag=True, help="Show how many photos would get which keyword.")
@option("--overwrite", is_flag=True, help="Replace copies that exist and differ.")
def command(
    labels: tuple[str, ...],
    threads: int | None,
    failures: Path | None,
    dry_run: bool,
    **options: Any,
) -> int:
    """Write predictions or people's answers as keywords, for digiKam, Lightroom and camtrapR.

    Originals are never changed. Keywords stand in XMP, as Species|fox and as fox, and in copies in
    IPTC too. Keywords of people and of other programs stay.
    """
    check_options(options)
    _check_unused(bool(options["blur"]), dry_run)
    _check_failures(failures)
    from ctc.artifacts.failures import write_failures
    from ctc.cli.console import console
    from ctc.hardware import usable_cores
    from ctc.tagging.config import TagConfig
    from ctc.tagging.run import plan_tags, write_tags

    config = TagConfig(threads=threads or usable_cores(), **options)
    plan = plan_tags(config, labels, console)
    _print_plan(plan)
    if dry_run:
        console.info("nothing is written: leave out --dry-run to write")
        return 0
    result = write_tags(plan, console)
    _print_result(result, failures)
    if failures is not None:
        write_failures(failures, result.failures)
    if config.copy_to is not None:
        click.echo(config.copy_to)
    return PARTLY_FAILED if result.failures else 0


def check_options(options: dict[str, Any]) -> None:
    """Raise UsageError for options that exclude each other, and for none that says where."""
    if options["copy_to"] is None:
        if not options["sidecars"]:
            raise UsageError("say where keywords go: --copy-to DIR, or --sidecars")
        for name, given in (("--blur", options["blur"]), ("--remove-gps", options["remove_gps"])):
            if given:
                raise UsageError(f"{name} changes copies alone: add --copy-to DIR")
        if options["overwrite"]:
            raise UsageError("--overwrite is for copies: sidecars keep what others wrote into them")


def _check_unused(has_blur: bool, dry_run: bool) -> None:
    """Raise UsageError for options of the command line that would change nothing."""
    context = click.get_current_context()
    given = {
        name
        for name in ("failures", "blur_confidence")
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    }
    if dry_run and "failures" in given:
        raise UsageError("--dry-run lists no failures: leave out --failures")
    if not has_blur and "blur_confidence" in given:
        raise UsageError("--blur-confidence is for --blur: add --blur CLASS")


def _check_failures(path: Path | None) -> None:
    """Raise UsageError if this is a file of something else, such as the predictions."""
    from ctc.artifacts.failures import read_failure_file

    try:
        next(iter(() if path is None else read_failure_file(path)), None)
    except InputError:
        raise UsageError(
            f"'{path}' exists and is no list of failures, so it is not replaced: choose another"
            " --failures"
        ) from None


def _print_plan(plan: TagPlan) -> None:
    from ctc.cli.console.console import info

    total = counted(len(plan.photos), "photo")
    info(f"{total}, {plan.without_keywords:,} without a keyword")
    counts = list(plan.counts.items())
    for keyword, count in counts[:_SHOWN]:
        info(f"  {count:>9,}  {keyword}")
    if len(counts) > _SHOWN:
        info(f"  and {len(counts) - _SHOWN:,} more keywords")


def _print_result(result: TagResult, failures: Path | None) -> None:
    from ctc.cli.console.console import info, warn

    states = result.states
    info(
        f"{states['written']:,} written, {states['kept']:,} were there already,"
        f" {states['failed']:,} failed; keywords of {result.sidecars:,} are in sidecars"
    )
    if result.blurred:
        info(f"{counted(result.blurred, 'photo')} blurred")
    for failure in result.failures[:_SHOWN]:
        warn(f"'{failure.path}': {failure.reason}")
    more = len(result.failures) - _SHOWN
    if more > 0:
        where = "list all with --failures FILE" if failures is None else f"see '{failures}'"
        warn(f"and {more:,} more failed: {where}")
