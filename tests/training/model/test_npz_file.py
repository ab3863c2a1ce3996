"""Files of named arrays."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ctc.training.model.npz_file import read_arrays, write_arrays


def test_write_arrays_gives_the_same_bytes_at_another_time(tmp_path: Path, monkeypatch) -> None:
    arrays = {"kernel": np.arange(6, dtype=np.float32).reshape(2, 3)}
    write_arrays(tmp_path / "now.npz", arrays, {"epoch": 1})
    monkeypatch.setattr("zipfile.time.localtime", lambda *_: (2031, 2, 3, 4, 5, 6, 0, 34, 0))
    write_arrays(tmp_path / "later.npz", arrays, {"epoch": 1})
    assert (tmp_path / "now.npz").read_bytes() == (tmp_path / "later.npz").read_bytes()
    stored, metadata = read_arrays(tmp_path / "later.npz")
    assert metadata == {"epoch": 1}
    np.testing.assert_array_equal(stored["kernel"], arrays["kernel"])
