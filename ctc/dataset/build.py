"""An inventory becomes a dataset folder."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ctc._version import __version__
from ctc.artifacts.dataset import LEFT_OUT, MANIFEST, Dataset, Label, Manifest
from ctc.artifacts.predictions import Failure
from ctc.dataset.encode import ZERO_SUMS
from ctc.dataset.engine_tasks import build_shards_on_engine
from ctc.dataset.plan import DatasetPlan, ShardPlan
from ctc.dataset.writer import (
    EventCallback,
    ProgressCallback,
    ShardSummary,
    ShardWriterConfig,
    TooManyFailuresError,
    check_failures,
    summary_path,
    write_shard,
)
from ctc.errors import CtcError, InputError, OutputExistsError, UsageError
from ctc.plugin.engine_run import BoundEngine
from ctc.storage.atomic import PARTIAL_SUFFIX, remove, write_text
from ctc.storage.json_file import read_object

BUILD_STATE = ".unfinished.json"
MAX_LISTED_FAILURES = 1000


@dataclass(frozen=True)
class BuildResult:
    """The dataset, the photos that could not be used, and the events lost with them."""

    dataset: Dataset
    failures: tuple[Failure, ...]
    events_lost: int


def prepare_folder(folder: Path, *, resume: bool, overwrite: bool) -> None:
    """Refuse what must not be written over; with `overwrite`, remove an earlier dataset, and
    nothing else."""
    if folder.exists() and not folder.is_dir():
        raise OutputExistsError(folder, "it is a file; choose another --output")
    entries = (
        {entry.name for entry in folder.iterdir() if not _is_partial(entry)}
        if folder.exists()
        else set()
    )
    if not entries or (resume and BUILD_STATE in entries):
        return
    if resume and MANIFEST in entries:
        raise OutputExistsError(folder, "it is complete, there is nothing to resume")
    if not overwrite:
        more = ", or --resume to go on with it" if BUILD_STATE in entries else ""
        raise OutputExistsError(folder, f"choose another --output or add --overwrite{more}")
    if not entries & {MANIFEST, BUILD_STATE}:
        raise UsageError(
            f"'{folder}' is not a dataset, so --overwrite leaves it alone: choose another --output"
        )
    _remove_dataset(folder)


def build_dataset(
    plan: DatasetPlan, folder: Path, advance: ProgressCallback, engine: BoundEngine | None = None
) -> BuildResult:
    """Write `folder`, here or by the workers of an engine, to the same bytes. A run that was
    interrupted leaves what a second call with the same plan goes on with; one that fails for want
    of a single usable photo leaves nothing."""
    fingerprint = plan.fingerprint()
    unfinished = folder / BUILD_STATE
    if unfinished.exists():
        if read_object(unfinished, "the state of an interrupted build").get("plan") != fingerprint:
            raise UsageError(
                f"'{folder}' was begun with other options or another inventory: use the same, or --overwrite"
            )
    else:
        write_text(unfinished, json.dumps({"plan": fingerprint}))
    _remove_partial(folder)
    try:
        notes = _write_shards(plan, folder, advance, engine)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise CtcError(
            f"'{folder}' can't be written: {why}; mend that and go on with --resume"
        ) from error
    try:
        dataset = Dataset(folder, _make_manifest(plan, notes))
    except InputError:
        _remove_dataset(folder)
        raise
    failures = tuple(failure for note in notes for failure in note.failures)
    _write_left_out(folder, failures)
    dataset.save()
    remove(unfinished)
    _remove_summaries(folder, notes)
    return BuildResult(dataset, failures, sum(note.events_lost for note in notes))


def _write_shards(
    plan: DatasetPlan, folder: Path, advance: ProgressCallback, engine: BoundEngine | None
) -> list[ShardSummary]:
    """Their notes, in the order of the plan; those of an earlier run are read."""
    notes: dict[str, ShardSummary] = {}
    limit = plan.config.max_failures

    def failed() -> int:
        return sum(len(note.failures) for note in notes.values())

    def watch(failures: list[Failure], new: int) -> None:
        check_failures(limit, failures, failed())
        advance(1, new)

    def missing() -> Iterator[ShardPlan]:
        for shard in plan.shards():
            path = summary_path(folder, shard.file)
            if path.exists():
                notes[shard.file] = ShardSummary.from_json(
                    read_object(path, "the note of a finished shard")
                )
                advance(len(shard.events), 0)
            else:
                yield shard

    try:
        if engine is None:
            for note in _build_shards_locally(plan, folder, missing(), watch):
                notes[note.shard.file] = note
        else:
            for note in build_shards_on_engine(engine, plan, folder, missing()):
                check_failures(limit, note.failures, failed())
                advance(note.shard.events + note.events_lost, len(note.failures))
                notes[note.shard.file] = note
    except (
        TooManyFailuresError
    ):  # when the disk had gone away, photos that failed may be there then
        _remove_summaries(folder, [note for note in notes.values() if note.failures])
        raise
    return [notes[shard.file] for shard in plan.shards()]


def _build_shards_locally(
    plan: DatasetPlan, folder: Path, shards: Iterator[ShardPlan], on_event: EventCallback
) -> Iterator[ShardSummary]:
    recipe = ShardWriterConfig.from_plan(plan, folder)
    with ThreadPoolExecutor(recipe.encode_threads, thread_name_prefix="encode") as pool:
        for shard in shards:
            yield write_shard(recipe, shard, plan.events(shard.events), pool, on_event)


def _remove_summaries(folder: Path, notes: list[ShardSummary]) -> None:
    """Remove the notes of these shards: should the build be resumed, they are written again."""
    for note in notes:
        remove(summary_path(folder, note.shard.file))


def _make_manifest(plan: DatasetPlan, notes: list[ShardSummary]) -> Manifest:
    by_split: dict[str, list[ShardSummary]] = {split: [] for split in plan.selection.splits}
    for note in notes:
        by_split[note.split].append(note)
    failures = [failure for note in notes for failure in note.failures]
    reasons = Counter(failure.reason for failure in failures)
    if not any(note.shard.images for note in notes):
        why = "; ".join(f"{reason} ({count})" for reason, count in reasons.most_common(3))
        raise InputError(
            f"no photo could be used: {why}; photos are looked for in '{plan.image_root}', see --image-root"
        )
    sums = sum((note.sums for note in by_split.get("train") or notes), ZERO_SUMS)
    mean = sums.total / max(sums.pixels, 1)
    std = np.sqrt(np.maximum(sums.squares / max(sums.pixels, 1) - mean**2, 1e-12))
    return Manifest(
        splits={split: tuple(note.shard for note in notes) for split, notes in by_split.items()},
        labels=tuple(
            Label(
                label,
                classes,
                {
                    split: tuple(
                        sum(note.counts[label][i] for note in notes) for i in range(len(classes))
                    )
                    for split, notes in by_split.items()
                },
            )
            for label, classes in plan.classes.items()
        ),
        shrink=plan.storage_metadata(),
        channel_mean=(float(mean[0]), float(mean[1]), float(mean[2])),
        channel_std=(float(std[0]), float(std[1]), float(std[2])),
        left_out={
            "events": {**plan.selection.left_out, **_lost_event_counts(notes)},
            "photos": dict(reasons),
            "first_photos": [
                {"path": failure.path, "reason": failure.reason}
                for failure in failures[:MAX_LISTED_FAILURES]
            ],
        },
        made_by={"ctc_version": __version__, **plan.config.fingerprint_fields()},
    )


def _lost_event_counts(notes: list[ShardSummary]) -> dict[str, int]:
    lost = sum(note.events_lost for note in notes)
    return {"no usable photo": lost} if lost else {}


def _write_left_out(folder: Path, failures: tuple[Failure, ...]) -> None:
    if not failures:
        return
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["path", "reason"])
    rows.writerows((failure.path, failure.reason) for failure in failures)
    write_text(folder / LEFT_OUT, text.getvalue())


def _is_partial(path: Path) -> bool:
    return path.name.startswith(".") and path.name.endswith(PARTIAL_SUFFIX)


def _remove_partial(folder: Path) -> None:
    for path in filter(_is_partial, folder.iterdir()):
        remove(path)


def _remove_dataset(folder: Path) -> None:
    _remove_partial(folder)
    for pattern in ("*.tfrecord", "*.idx", ".*.tfrecord.json", MANIFEST, LEFT_OUT, BUILD_STATE):
        for path in folder.glob(pattern):
            remove(path)
    if folder.exists() and not any(folder.iterdir()):
        folder.rmdir()
