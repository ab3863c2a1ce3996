"""Checkpoint files: arrays and the state of a training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctc.errors import InputError
from ctc.storage.atomic import remove
from ctc.training.model.npz_file import Arrays, read_arrays, write_arrays

MAX_TO_KEEP = 2
_SUFFIX = ".npz"


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that was read."""

    path: Path
    train_state: Mapping[str, Any]
    arrays: Arrays

    @property
    def accumulation_steps(self) -> int:
        """The gradient accumulation steps that it was trained with."""
        return int(self.train_state["parts"])


@dataclass(frozen=True)
class Checkpoints:
    """The checkpoints in a folder, of which the two newest are kept."""

    folder: Path

    @property
    def is_empty(self) -> bool:
        return not self._paths()

    def save(self, epoch: int, step: int, train_state: Mapping[str, Any], arrays: Arrays) -> None:
        """Write the newest checkpoint: `step` batches of `epoch` are done.

        Raises OSError, and keeps the others, if it can't be written.
        """
        write_arrays(self.folder / f"{epoch:05d}-{step:08d}{_SUFFIX}", arrays, train_state)
        for old in self._paths()[:-MAX_TO_KEEP]:
            remove(old)

    def latest(self) -> Checkpoint | None:
        """Return the newest checkpoint that can be read; None if there are no checkpoints.

        Raises InputError if all of them are damaged.
        """
        problems = []
        for path in reversed(self._paths()):
            try:
                arrays, train_state = read_arrays(path)
            except InputError as error:
                problems.append(error)
            else:
                return Checkpoint(path, train_state, arrays)
        if problems:
            raise problems[0]
        return None

    def _paths(self) -> list[Path]:
        return sorted(self.folder.glob(f"[0-9]*{_SUFFIX}"))
