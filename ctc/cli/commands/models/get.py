"""The command `ctc models get`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ctc.cli.commands.models.options import LISTS, NO_LIST, read_given_lists
from ctc.cli.options.model_output import check_model_output
from ctc.cli.options.option import option
from ctc.cli.options.values.paths import PATH_OR_URL
from ctc.errors import InputError, UsageError

if TYPE_CHECKING:
    from ctc.model_import.catalogue.entry import ModelEntry


@click.command(
    epilog="Example: ctc models get park-species --list models.json --output park-species.onnx"
)
@click.argument("name")
@LISTS
@option("--output", type=PATH_OR_URL, required=True, help="ONNX file to write.")
@option(
    "--accept-licence",
    is_flag=True,
    help="Fetch a model whose licence is unknown or does not allow commercial use.",
)
@option(
    "--without-checksum",
    is_flag=True,
    help="Fetch a model whose size or SHA-256 the list does not say.",
)
@option("--dry-run", is_flag=True, help="Print what the list says of the model, fetch nothing.")
@option("--overwrite", is_flag=True, help="Replace an existing output.")
def command(
    name: str,
    lists: Sequence[Path],
    output: Path,
    accept_licence: bool,
    without_checksum: bool,
    dry_run: bool,
    overwrite: bool,
) -> None:
    """Fetch the model NAME of a list, check it, and make it a model file of ctc.

    Size and SHA-256 must be those of the list. A network of another program is imported as `ctc
    import` does it, with the options that the list gives; a file of ctc is checked and copied. An
    interrupted download continues with the same command.
    """
    from ctc.cli.console import console
    from ctc.cli.console.console import info, warn
    from ctc.model_import.catalogue.get_model import get_model
    from ctc.model_import.catalogue.model_list import find_model
    from ctc.model_import.catalogue.summary import describe

    found, faults = read_given_lists(lists)
    if not found:
        raise InputError(faults[0]) if faults else UsageError(f"no list has a model: {NO_LIST}")
    for fault in faults:
        warn(fault)
    model_list, entry = find_model(found, name)
    for line in describe(model_list, entry):
        info(line)
    if dry_run:
        return
    check_model_output(output, overwrite)
    _check_consent(entry, accept_licence)
    get_model(model_list, entry, output, console, unchecked=without_checksum)
    info(f"wrote '{output}'")


def _check_consent(entry: ModelEntry, accepted: bool) -> None:
    """Ask on a terminal, before anything is fetched, for a licence that is no free one.

    Raises UsageError without a terminal, click's Abort for a no.
    """
    from ctc.model_import.catalogue.summary import describe_licence, needs_consent

    if accepted or not needs_consent(entry):
        return
    question = f"the licence of '{entry.name}': {describe_licence(entry)}"
    if not sys.stdin.isatty():
        raise UsageError(f"{question}: add --accept-licence if you may use the model")
    click.confirm(f"{question}. Fetch it?", abort=True, err=True)
