from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from ctc.plugin import Batch
from ctc.training.distributed.host_sums import HostSums
from ctc.training.distributed.topology import Topology
from ctc.training.trainer.agreement import agree

pytestmark = pytest.mark.tensorflow


class RecordedSums(HostSums):
    """Sums of this host and of one with the same batches, which has received a signal.

    `log`: what was started (+) and read (-), in order.
    """

    def __init__(self) -> None:
        super().__init__(Topology(hosts=2))
        self.log = ""

    def start(self, values: Sequence[int]) -> Callable[[], np.ndarray]:
        self.log += "+"

        def read() -> np.ndarray:
            self.log += "-"
            return np.array([values[0] + 1, *(2 * value for value in values[1:])], np.int32)

        return read


def batches(count: int) -> list[Batch]:
    """Batches of three photos, of which one lacks the count, and the first has two classes."""
    multi = np.array([[1, 0], [0, 1], [-1, -1]], np.int32)
    labels = {"species": np.arange(3, dtype=np.int32), "count": np.array([0, -1, 2], np.int32)}
    images = np.zeros((3, 2, 2, 3), np.uint8)
    return [Batch(images, {**labels, "behaviour": multi}) for _ in range(count)]


def test_agree_gives_each_batch_the_sums_of_all_hosts() -> None:
    given = batches(4)
    found = list(agree(given, RecordedSums(), lambda: False, 2))
    assert [one.batch for one in found] == given
    assert [one.label_counts for one in found] == [(6, 4, 4)] * 4
    assert [one.interrupted for one in found] == [1] * 4


@pytest.mark.parametrize(
    ("ahead", "log"), [(0, "+-+-+-+-"), (2, "+++-+---"), (9, "++++----"), (None, "+-+-+-+-")]
)
def test_agree_asks_ahead_of_the_steps(ahead: int | None, log: str) -> None:
    sums = RecordedSums()
    assert len(list(agree(batches(4), sums, lambda: False, ahead))) == 4
    assert sums.log == log


def test_agree_asks_ahead_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctc.training.trainer.agreement.keras_gpus", lambda: ["gpu:0"])
    sums = RecordedSums()
    next(agree(batches(4), sums, lambda: False))
    assert sums.log == "+++-"


def test_agree_takes_no_batch_ahead_on_one_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctc.training.trainer.agreement.keras_gpus", lambda: ["gpu:0"])
    given = iter(batches(4))
    next(agree(given, HostSums(Topology()), lambda: False))
    assert len(list(given)) == 3


def test_agree_tells_of_a_signal_with_the_batch_that_it_came_before() -> None:
    signals = iter([False, False, True])
    sums = HostSums(Topology())
    found = list(agree(batches(3), sums, lambda: next(signals), 2))
    assert [one.interrupted for one in found] == [0, 0, 1]
    assert found[0].label_counts == (3, 2, 2)
