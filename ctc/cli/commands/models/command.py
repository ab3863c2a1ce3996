"""The command `ctc models`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ctc.cli.commands.models.options import LISTS, NO_LIST, read_given_lists
from ctc.cli.options.option import option
from ctc.cli.options.values.paths import PATH
from ctc.reporting import counted

if TYPE_CHECKING:
    from ctc.model_import.catalogue.entry import ModelEntry
    from ctc.model_import.catalogue.local_models import LocalModel
    from ctc.model_import.catalogue.model_list import ModelList

UNKNOWN = "?"


@click.command(epilog="Example: ctc models --list models.json")
@LISTS
@option(
    "--folder",
    "folders",
    type=PATH,
    multiple=True,
    metavar="DIR",
    show_default="the current folder only",
    help="Folder with model files, listed after the current one. Repeatable.",
)
@option(
    "--details",
    is_flag=True,
    help="Print all that a list says of each model: training data, SHA-256, page and more.",
)
@option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
def command(lists: Sequence[Path], folders: Sequence[Path], details: bool, as_json: bool) -> int:
    """Show the model files that are here, and the models that lists offer.

    A list is a JSON file that somebody keeps, on a disk or on the web; ctc has none of its own. It
    says of each model what it knows, from where, under which licence. `ctc models get` fetches one.
    """
    from ctc.cli.console.console import echo_json, info, warn
    from ctc.cli.console.formatting import print_table
    from ctc.cli.registry import PARTLY_FAILED
    from ctc.model_import.catalogue.local_models import copies_by_place, find_local_models
    from ctc.model_import.catalogue.summary import entry_json, model_json

    here = find_local_models([Path(), *folders])
    found, faults = read_given_lists(lists)
    copies = [copies_by_place(here, one) for one in found]
    if as_json:
        echo_json(
            {
                "here": [model_json(model) for model in here],
                "lists": [
                    {
                        "place": str(one.place),
                        "name": one.name,
                        "models": [entry_json(model, copy.get(model.name)) for model in one.models],
                    }
                    for one, copy in zip(found, copies, strict=True)
                ],
            }
        )
    else:
        if here:
            print_table(_HERE, [_local_row(model) for model in here])
        for one, copy in zip(found, copies, strict=True):
            if details:
                _print_details(one)
                continue
            header = (f"{one.name}:", *_OFFERED)
            print_table(header, [_row(model, copy.get(model.name)) for model in one.models])
    for fault in faults:
        warn(fault)
    if not here:
        info("no model file here: `ctc export` and `ctc import` write them")
    if not (found or faults):
        info(f"no list: {NO_LIST}")
    return PARTLY_FAILED if faults else 0


_HERE = ("model file", "kind", "classes", "input", "size", "licence", "source")
_OFFERED = ("kind", "classes", "region", "input", "size", "licence", "commercial use", "here")


def _print_details(one: ModelList) -> None:
    from ctc.model_import.catalogue.summary import describe

    for model in one.models:
        for line in describe(one, model):
            click.echo(line)


def _local_row(model: LocalModel) -> tuple[str, ...]:
    from ctc.artifacts.model.detector import DetectorInfo
    from ctc.cli.console.formatting import format_bytes

    about = model.info
    if about is None:
        return (str(model.path), model.fault, *[""] * 2, format_bytes(model.size), "", "")
    if isinstance(about, DetectorInfo):
        counts = [counted(len(about.categories), "category", "categories")]
        size = (about.input.height, about.input.width)
    else:
        counts = [f"{len(names):,} {label}" for label, names in about.labels.items()]
        size = (about.preprocessing.height, about.preprocessing.width)
    return (
        str(model.path),
        model.kind,
        ", ".join(counts),
        _format_size(size),
        format_bytes(model.size),
        about.licence or UNKNOWN,
        _first(about.source, ("name", "url", "format")) or "ctc train",
    )


def _row(model: ModelEntry, copy: LocalModel | None) -> tuple[str, ...]:
    from ctc.cli.console.formatting import format_bytes

    count, size = model.class_count, model.total_bytes
    return (
        model.name,
        model.kind,
        UNKNOWN if count is None else f"{count:,}",
        model.region or UNKNOWN,
        _format_size(model.input_size),
        UNKNOWN if size is None else format_bytes(size),
        model.licence or UNKNOWN,
        {True: "yes", False: "no", None: UNKNOWN}[model.commercial_use],
        str(copy.path) if copy else "",
    )


def _format_size(size: tuple[int, int] | None) -> str:
    return UNKNOWN if size is None else f"{size[0]}x{size[1]}"


def _first(values: Any, keys: Iterable[str]) -> str | None:
    return next((str(values[key]) for key in keys if values.get(key)), None)
