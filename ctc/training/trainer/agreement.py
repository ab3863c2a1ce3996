"""What the hosts of a training agree on for each step: label counts, and whether to stop.

A step needs both from all hosts. Asked for at the step itself, they would be computed behind the
step before, for which the host would have to wait. On GPUs they are therefore asked for two steps
ahead, so that the device always has work.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from ctc.plugin import Batch
from ctc.training.distributed.backend import keras_gpus
from ctc.training.distributed.host_sums import HostSums, Numbers
from ctc.training.trainer.steps.step_data import count_labels

AHEAD = 2
"""Steps on GPUs between asking the other hosts and the step that needs their answer."""


class AgreedBatch(NamedTuple):
    """A batch of this host, with sums over all hosts.

    `label_counts`: for each label of the batch, how many photos of the step have it.
    `interrupted`: how many hosts have received a signal.
    """

    batch: Batch
    label_counts: tuple[int, ...]
    interrupted: int


def agree(
    batches: Iterable[Batch],
    sums: HostSums,
    is_interrupted: Callable[[], bool],
    ahead: int | None = None,
) -> Iterator[AgreedBatch]:
    """Yield the batches, of which all hosts have the same number.

    `is_interrupted`: whether this host has received a signal. `ahead`: by default AHEAD on GPUs of
    several hosts, else 0.
    """
    if ahead is None:
        ahead = AHEAD if sums.hosts > 1 and keras_gpus() else 0
    waiting: deque[tuple[Batch, Callable[[], Numbers]]] = deque()
    for batch in batches:
        waiting.append((batch, sums.start([is_interrupted(), *count_labels(batch)])))
        if len(waiting) > ahead:
            yield _agreed(*waiting.popleft())
    while waiting:
        yield _agreed(*waiting.popleft())


def _agreed(batch: Batch, read: Callable[[], Numbers]) -> AgreedBatch:
    interrupted, *counts = read().tolist()
    return AgreedBatch(batch, tuple(counts), interrupted)
