"""Base class of the batch streams."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator

from ctc.artifacts.dataset import Dataset
from ctc.plugin import Batch, LoaderConfig

from .bad_records import BadRecords
from .plan import plan_epoch


class Stream(ABC):
    """Opened split; several epochs may be read at the same time."""

    def __init__(self, dataset: Dataset, split: str, config: LoaderConfig) -> None:
        self._plan = plan_epoch(dataset, split, config)
        self._config = config
        self._bad_records = BadRecords(config)
        self._open_epochs: set[Generator[Batch, None, None]] = set()

    @property
    def samples(self) -> int:
        """Number of images in one epoch."""
        return self._plan.samples

    @property
    def steps(self) -> int:
        """Number of batches in one epoch."""
        return self._plan.steps

    @property
    def skipped(self) -> int:
        """Number of bad records or photos that were skipped or replaced so far."""
        return len(self._bad_records)

    def epoch(self, index: int, start_step: int = 0) -> Generator[Batch, None, None]:
        """Yield the batches of epoch `index`, from `start_step` on.

        Raises InputError for a bad record or photo, unless bad ones are skipped and there is a good
        one. Raises RuntimeError when the stream was closed before the last batch was read.
        """
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
        """End the unfinished epochs and their threads."""
        while self._open_epochs:
            self._open_epochs.pop().close()

    @abstractmethod
    def _batches(self, epoch: int, start_step: int) -> Generator[Batch, None, None]:
        """Yield the batches of an epoch; closing the generator must end its threads."""
