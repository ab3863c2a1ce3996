from __future__ import annotations

from dataclasses import replace

import pytest

from ctc.errors import InputError
from ctc.training.run_training import resume, train
from ctc.training.trainer.checkpoints import Checkpoints

pytestmark = pytest.mark.tensorflow


def test_checkpoints_latest_skips_damaged_file(config, plugins_with_arrays, reporter):
    run = train(replace(config, epochs=2), plugins_with_arrays, reporter).run
    older, newer = sorted(run.checkpoints.iterdir())
    newer.write_bytes(newer.read_bytes()[:5000])
    latest = Checkpoints(run.checkpoints).latest()
    assert latest is not None
    assert latest.path == older
    older.write_bytes(b"")
    with pytest.raises(InputError, match="is damaged"):
        resume(replace(config, epochs=2), plugins_with_arrays, reporter)
