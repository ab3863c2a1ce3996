"""Build a dataset folder from a plan."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from ctc.artifacts.dataset import LEFT_OUT, MANIFEST, Dataset
from ctc.artifacts.failures import read_failure_file, write_failures
from ctc.artifacts.predictions import Failure
from ctc.dataset.engine_tasks import build_shards_on_engine
from ctc.dataset.folder import (
    BUILD_STATE,
    remove_build_notes,
    remove_dataset,
    remove_partial_files,
)
from ctc.dataset.manifest import NO_USABLE_PHOTO, make_manifest
from ctc.dataset.plan import DatasetPlan
from ctc.dataset.shard_tracker import ProgressCallback, ShardTracker, TooManyFailuresError
from ctc.dataset.writer import ShardSummary, ShardWriterConfig, write_shard
from ctc.errors import CtcError, InputError, UsageError, reason
from ctc.images.listing.folder_watch import LostFolderError
from ctc.plugin.engine_run import BoundEngine
from ctc.storage.atomic import write_text
from ctc.storage.json_file import read_object


@dataclass(frozen=True)
class BuildResult:
    """The dataset, the photos that could not be used, and the number of events lost with them."""

    dataset: Dataset
    failures: tuple[Failure, ...]
    events_lost: int


def build_dataset(
    plan: DatasetPlan, folder: Path, advance: ProgressCallback, engine: BoundEngine | None = None
) -> BuildResult:
    """Write the dataset to `folder`: in this process, or with the workers of an engine.

    Both write the same bytes. After an interruption, a second call with the same plan continues
    the build. If no photo can be used, InputError is raised and nothing is left in `folder`.
    """
    _check_or_write_state(folder, plan.fingerprint())
    remove_partial_files(folder)
    if (folder / MANIFEST).exists():
        return _finish(Dataset.read(folder))
    try:
        summaries = _write_shards(plan, folder, advance, engine)
    except OSError as error:
        raise CtcError(
            f"'{folder}' can't be written: {reason(error)}; fix this and continue with --resume"
        ) from error
    except LostFolderError as error:
        raise InputError(f"{error}, and continue with --resume") from None
    try:
        dataset = Dataset(folder, make_manifest(plan, summaries))
    except InputError:
        remove_dataset(folder)
        raise
    failures = (failure for summary in summaries for failure in summary.failures)
    write_failures(folder / LEFT_OUT, failures)
    dataset.save()
    return _finish(dataset)


def _finish(dataset: Dataset) -> BuildResult:
    """Remove the notes of a build whose manifest is written, perhaps before it was killed."""
    failures = read_failure_file(dataset.folder / LEFT_OUT)
    remove_build_notes(dataset.folder)
    lost = dataset.manifest.left_out.get("events", {}).get(NO_USABLE_PHOTO, 0)
    return BuildResult(dataset, tuple(failures), lost)


def _check_or_write_state(folder: Path, fingerprint: str) -> None:
    """Write the state file; if an interrupted build left one, check that it is of the same plan."""
    state = folder / BUILD_STATE
    if not state.exists():
        write_text(state, json.dumps({"plan": fingerprint}))
    elif read_object(state, "the state of an interrupted build").get("plan") != fingerprint:
        raise UsageError(
            f"'{folder}' was started with other options or another inventory: "
            "use the same ones, or --overwrite"
        )


def _write_shards(
    plan: DatasetPlan, folder: Path, advance: ProgressCallback, engine: BoundEngine | None
) -> list[ShardSummary]:
    """Write the missing shards; return the summaries of all shards, in the order of the plan."""
    tracker = ShardTracker(plan, folder, advance)
    try:
        if engine is None:
            for summary in _build_shards_locally(plan, folder, tracker):
                tracker.add(summary)
        else:
            for summary in build_shards_on_engine(engine, plan, folder, tracker.missing_shards()):
                tracker.add_uncounted(summary)
    except TooManyFailuresError:
        tracker.forget_failed_shards()
        raise
    return tracker.summaries()


def _build_shards_locally(
    plan: DatasetPlan, folder: Path, tracker: ShardTracker
) -> Iterator[ShardSummary]:
    config = ShardWriterConfig.from_plan(plan, folder)
    with ThreadPoolExecutor(config.encode_threads, thread_name_prefix="encode") as pool:
        for shard in tracker.missing_shards():
            yield write_shard(config, shard, plan.events(shard.events), pool, tracker.count_event)
