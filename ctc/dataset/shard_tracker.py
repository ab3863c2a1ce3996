"""The progress of a build: finished shards, events and failed photos."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ctc.artifacts.predictions import Failure
from ctc.dataset.plan import DatasetPlan, ShardPlan
from ctc.dataset.writer import ShardSummary, summary_path
from ctc.errors import CtcError
from ctc.reporting import counted
from ctc.storage.atomic import remove
from ctc.storage.json_file import read_object

ProgressCallback = Callable[[int, int], None]
"""Called with the number of further events, and of further photos that failed."""


class TooManyFailuresError(CtcError):
    """More photos than `max_failures` could not be used."""


class ShardTracker:
    """Collects the summaries of the shards of `plan`, those of an earlier run included.

    `advance` is called with every progress.
    """

    def __init__(self, plan: DatasetPlan, folder: Path, advance: ProgressCallback) -> None:
        self._plan = plan
        self._folder = folder
        self._advance = advance
        self._summaries: dict[str, ShardSummary] = {}

    def missing_shards(self) -> Iterator[ShardPlan]:
        """Yield the shards that have to be written; load the summaries of the others."""
        for shard in self._plan.shards():
            path = summary_path(self._folder, shard.file)
            if path.exists():
                self.add(
                    ShardSummary.from_json(read_object(path, "the summary of a finished shard"))
                )
                self._advance(len(shard.events), 0)
            else:
                yield shard

    def count_event(self, failures: Sequence[Failure], new_failures: int) -> None:
        """Count an event of the shard that is being written, which has these failures so far.

        Raises TooManyFailuresError when all shards together have more than `max_failures`.
        """
        self._check_failures(failures)
        self._advance(1, new_failures)

    def add(self, summary: ShardSummary) -> None:
        """Add a finished shard whose events have been counted."""
        self._summaries[summary.shard.file] = summary

    def add_uncounted(self, summary: ShardSummary) -> None:
        """Add a shard that a worker has written, and count its events as `count_event` does."""
        self.add(summary)
        self._check_failures(())
        self._advance(summary.shard.events + summary.events_lost, len(summary.failures))

    def summaries(self) -> list[ShardSummary]:
        """Return the summaries of all shards, in the order of the plan."""
        return [self._summaries[shard.file] for shard in self._plan.shards()]

    def forget_failed_shards(self) -> None:
        """Remove the summary files of shards with failures, so that a resumed build rewrites them.

        Photos of a disk that was disconnected may be readable by then.
        """
        failed = [summary for summary in self._summaries.values() if summary.failures]
        remove_summaries(self._folder, failed)

    def _check_failures(self, failures: Sequence[Failure]) -> None:
        limit = self._plan.config.max_failures
        if limit is None:
            return
        earlier = [failure for summary in self._summaries.values() for failure in summary.failures]
        total = len(earlier) + len(failures)
        if total > limit:
            last = [*earlier, *failures][-1]
            raise TooManyFailuresError(
                f"{counted(total, 'photo')} could not be used, --max-failures is {limit} "
                f"(last: '{last.path}': {last.reason}): fix this and continue with --resume"
            )


def remove_summaries(folder: Path, summaries: Sequence[ShardSummary]) -> None:
    """Remove the summary files of these shards."""
    for summary in summaries:
        remove(summary_path(folder, summary.shard.file))
