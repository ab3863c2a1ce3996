"""`ctc review export`: write an inventory, or predictions, with the answers of a review."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import Any

from ctc._version import __version__
from ctc.artifacts.failures import EXCEL_OPTION, FailureFile, failure_path
from ctc.artifacts.predictions import EventPrediction, Failure
from ctc.artifacts.review.store import ReviewStore
from ctc.errors import OutputExistsError, UsageError, require_extra
from ctc.inference.run.output_checks import check_overwrite, choose_format
from ctc.plugin import OutputContext, OutputFormat
from ctc.plugin.manager import Plugins
from ctc.plugin.option_values import explicit_options, option_values
from ctc.review.export.consensus import Consensus
from ctc.review.export.photo_paths import PhotoPaths
from ctc.review.export.predictions import PredictionShape, to_prediction
from ctc.review.export.reviewed import (
    ReviewedEvent,
    decision_columns,
    has_boxes,
    meta_columns,
    reviewed_events,
)
from ctc.storage.atomic import atomic_write
from ctc.storage.paths import check_not_input

INVENTORY, INVENTORY_SUFFIX = "inventory", ".parquet"
NO_PHOTO = "it has no photo"


@dataclass(frozen=True)
class ExportConfig:
    """The options of `ctc review export`.

    `format`: INVENTORY, the name of an output format, or None for the one of the output's suffix.
    `consensus`: see `Consensus`. `only_reviewed`: leave out events without a class from people.
    `with_gone`: see `reviewed_events`. `classifier`: who the machine's answers are of, None for the
    name of the prediction file.
    """

    store: Path
    output: Path
    format: str | None = None
    format_options: Mapping[str, Any] = field(default_factory=dict)
    consensus: Consensus = "agreed"
    only_reviewed: bool = False
    with_gone: bool = False
    classifier: str | None = None
    overwrite: bool = False

    @property
    def is_inventory(self) -> bool:
        """Whether an inventory is written."""
        is_parquet = self.output.name.lower().endswith(INVENTORY_SUFFIX)
        return self.format == INVENTORY or (self.format is None and is_parquet)


@dataclass
class ExportResult:
    """What was written: the format, how many events, and how many of them have people's classes.

    `undecided`: events with answers of which the consensus rule takes none for a label.
    `left_out`: events that can't be written, by reason.
    """

    format: str
    events: int = 0
    reviewed: int = 0
    undecided: int = 0
    left_out: Counter[str] = field(default_factory=Counter)

    def count(self, events: Iterable[ReviewedEvent]) -> Iterator[ReviewedEvent]:
        """Yield the events, counted."""
        for one in events:
            self.events += 1
            self.reviewed += one.is_reviewed
            self.undecided += None in one.verdicts.values()
            yield one


def export_review(
    config: ExportConfig, store: ReviewStore, plugins: Plugins, on_progress: Callable[[], None]
) -> ExportResult:
    """Write the output, all of it or nothing.

    Raises CtcError for an output that exists, options that don't fit the format, and a store
    without any event to write.
    """
    if not any(label.classes for label in store.labels()):
        raise UsageError(f"'{config.store}' has no class yet: nobody answered an event")
    write = _write_inventory if config.is_inventory else _write_predictions
    return write(config, store, plugins, on_progress)


def _events(
    config: ExportConfig, store: ReviewStore, result: ExportResult, on_progress: Callable[[], None]
) -> Iterator[ReviewedEvent]:
    found = reviewed_events(
        store,
        config.consensus,
        only_reviewed=config.only_reviewed,
        with_gone=config.with_gone,
    )
    for one in result.count(found):
        on_progress()
        yield one
    if not result.events:
        rule = f"reviewed event by --consensus {config.consensus}"
        what = rule if config.only_reviewed else "event"
        raise UsageError(f"'{config.store}' has no {what}: nothing is written")


def _write_inventory(
    config: ExportConfig,
    store: ReviewStore,
    plugins: Plugins,  # noqa: ARG001
    on_progress: Callable[[], None],
) -> ExportResult:
    for name in explicit_options(config.format_options):
        raise UsageError(
            f"an inventory has no option --{name.replace('_', '-')}: for predictions in Parquet, "
            "add --format parquet"
        )
    if config.output.is_dir():
        raise UsageError(f"output '{config.output}' is a folder: give the name of a file")
    if config.output.exists() and not config.overwrite:
        raise OutputExistsError(config.output)
    check_not_input(config.output, [config.store])
    require_extra("writing an inventory", "data", ["pyarrow"])
    from ctc.review.export.inventory import InventoryColumns, build_inventory

    result = ExportResult(INVENTORY)
    columns = InventoryColumns(store.labels(), meta_columns(store), has_boxes(store))
    events = _events(config, store, result, on_progress)
    inventory = build_inventory(events, columns, PhotoPaths.from_about(store.about()))
    if not inventory.table.num_rows:
        raise UsageError(f"no event of '{config.store}' has a photo: nothing is written")
    inventory.write(config.output)
    result.left_out.update(inventory.left_out)
    return result


def _write_predictions(
    config: ExportConfig, store: ReviewStore, plugins: Plugins, on_progress: Callable[[], None]
) -> ExportResult:
    output_format = choose_format(config.output, config.format, plugins)
    options = option_values(output_format, config.format_options)
    check_overwrite(config.output, output_format, [config.store], config.overwrite)
    shape = _shape(config, store, options)
    result = ExportResult(output_format.name)
    events = _events(config, store, result, on_progress)
    entries = (_entry(one, shape, result) for one in events)
    _write(entries, config.output, output_format, _context(config, store, shape, options))
    return result


def _shape(config: ExportConfig, store: ReviewStore, options: Mapping[str, Any]) -> PredictionShape:
    about, labels = store.about(), store.labels()
    first = next(label.name for label in labels if label.classes)
    return PredictionShape(
        labels,
        meta_columns(store),
        decision_columns(store),
        has_boxes(store),
        config.classifier or PurePath(about.predictions).name or "none",
        PhotoPaths.from_about(about),
        frozenset({first, options.get("label") or first}),
    )


def _entry(
    one: ReviewedEvent, shape: PredictionShape, result: ExportResult
) -> EventPrediction | Failure:
    if one.event.photos:
        return to_prediction(one, shape)
    result.left_out[NO_PHOTO] += 1
    return Failure(one.event.id, NO_PHOTO, of_event=True)


def _context(
    config: ExportConfig, store: ReviewStore, shape: PredictionShape, options: Mapping[str, Any]
) -> OutputContext:
    note = f"answers of people, by the rule '{config.consensus}', come before those of the model"
    return OutputContext(
        shape.model,
        shape.classes,
        datetime.now(UTC),
        shape.paths.root,
        options,
        (note,),
        version=__version__,
        settings={"reviewers": [reviewer.name for reviewer in store.reviewers()]},
    )


def _write(
    entries: Iterator[EventPrediction | Failure],
    output: Path,
    output_format: OutputFormat,
    context: OutputContext,
) -> None:
    for_excel = bool(context.options.get(EXCEL_OPTION))
    with atomic_write(output) as partial, FailureFile(failure_path(output), for_excel) as failures:
        output_format.write(_told(entries, failures), partial, context)


def _told(
    entries: Iterator[EventPrediction | Failure], failures: FailureFile
) -> Iterator[EventPrediction | Failure]:
    for entry in entries:
        if isinstance(entry, Failure):
            failures.add(entry)
        yield entry
