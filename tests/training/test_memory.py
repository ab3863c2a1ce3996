from __future__ import annotations

import pytest

from ctc.training.trainer.run_batches import lacks_memory


def test_what_jax_says_of_a_full_device_is_a_lack_of_memory():
    def work():
        raise RuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate 68719476736 bytes")

    assert lacks_memory(work)


def test_other_errors_pass():
    def work():
        raise RuntimeError("INVALID_ARGUMENT: shapes must be equal")

    with pytest.raises(RuntimeError, match="INVALID_ARGUMENT"):
        lacks_memory(work)


def test_work_that_is_done_lacks_nothing():
    assert not lacks_memory(lambda: None)
