"""The features of photos in a temporary file: a million of them would not fit into memory."""

from __future__ import annotations

from tempfile import TemporaryFile
from typing import IO

import numpy as np
from numpy.typing import NDArray


class PhotoFeatures:
    """Collects the features of photos, batch after batch."""

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None
        self._size = 0

    def add(self, features: NDArray[np.float32]) -> None:
        """Add those of a batch, (N, size)."""
        if self._file is None:
            self._file, self._size = TemporaryFile(), features.shape[1]  # noqa: SIM115 (see values)
        self._file.write(np.ascontiguousarray(features, np.float32).tobytes())

    def values(self) -> NDArray[np.float32] | None:
        """Return all, (P, size), mapped from the file, which is closed; None if none was added."""
        if self._file is None:
            return None
        with self._file as file:
            file.flush()
            mapped = np.memmap(file, np.float32, "r")
        return np.asarray(mapped.reshape(-1, self._size))
