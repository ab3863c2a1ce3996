"""Training history."""

from __future__ import annotations

import pytest

from ctc.artifacts.run import Run
from ctc.errors import InputError
from ctc.evaluation.training_history import read_history


@pytest.mark.parametrize("text", [None, "a,b\n1,2\n", "epoch,loss\nfirst,1\n"])
def test_read_history_rejects_missing_or_invalid_file(tmp_path, text) -> None:
    if text:
        Run(tmp_path).history.write_text(text)
    with pytest.raises(InputError, match=r"history\.csv' can't be read"):
        read_history(Run(tmp_path))
