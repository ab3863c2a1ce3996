from __future__ import annotations

import pytest

from ctc.training.trainer.run_batches import raised_out_of_memory


def test_what_jax_says_of_a_full_device_is_a_lack_of_memory():
    def work():
        raise RuntimeError(
            "RESOURCE_EXHAUSTED: Out of memory while trying to allocate 68719476736 bytes"
        )

    assert raised_out_of_memory(work)


def test_other_errors_pass():
    def work():
        raise RuntimeError("INVALID_ARGUMENT: shapes must be equal")

    with pytest.raises(RuntimeError, match="INVALID_ARGUMENT"):
        raised_out_of_memory(work)


def test_work_that_is_done_lacks_nothing():
    assert not raised_out_of_memory(lambda: None)
