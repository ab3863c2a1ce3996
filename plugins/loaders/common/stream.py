"""What every stream of batches tells and does, however it makes them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator

from ctc.artifacts.dataset import Dataset
from ctc.plugin import Batch, LoaderConfig

from .bad_records import BadRecords
from .plan import plan_epoch


class Stream(ABC):
    """An opened split; several epochs may be read at a time."""

    def __init__(self, dataset: Dataset, split: str, config: LoaderConfig) -> None:
        self._plan = plan_epoch(dataset, split, config)
        self._config = config
        self._bad_records = BadRecords(config)
        self._open_epochs: set[Generator[Batch, None, None]] = set()

    @property
    def samples(self) -> int:
        """How many images one epoch holds."""
        return self._plan.samples

    @property
    def steps(self) -> int:
        """How many batches one epoch holds."""
        return self._plan.steps

    @property
    def skipped(self) -> int:
        """How many bad records or photos were met so far, and left out or replaced."""
        return len(self._bad_records)

    def epoch(self, index: int, start_step: int = 0) -> Generator[Batch, None, None]:
        """The batches of epoch `index`, from `start_step` on. Raises InputError for a bad record or
        photo, unless those are to be skipped and there is a good one; and RuntimeError when the
        stream was closed before the last batch was read."""
        batches = self._batches(index, start_step)
        self._open_epochs.add(batches)
        try:
            yield from batches
            if batches not in self._open_epochs:
                raise RuntimeError(
                    f"the stream was closed while epoch {index} was read: begin the epoch again"
                )
        finally:
            self._open_epochs.discard(batches)

    def close(self) -> None:
        """End the epochs that were not read to their end, with their threads."""
        while self._open_epochs:
            self._open_epochs.pop().close()

    @abstractmethod
    def _batches(self, epoch: int, start_step: int) -> Generator[Batch, None, None]:
        """The batches of an epoch; to close it ends all that works for it."""
