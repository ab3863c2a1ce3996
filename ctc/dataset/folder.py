"""The dataset folder while it is built: the state file, and what may be removed from it."""

from __future__ import annotations

from pathlib import Path

from ctc.artifacts.dataset import LEFT_OUT, MANIFEST
from ctc.errors import AlreadyCompleteError, OutputExistsError, UsageError
from ctc.storage.atomic import is_partial, remove

BUILD_STATE = ".unfinished.json"
"""Name of the file that holds the fingerprint of the plan until the dataset is complete."""


def prepare_folder(folder: Path, *, resume: bool, overwrite: bool) -> None:
    """Check that a dataset can be written to `folder`.

    With `overwrite`, remove an earlier dataset, and nothing else. Raises OutputExistsError when
    `folder` holds anything that must not be replaced, AlreadyCompleteError when `resume` is given
    for a complete dataset, UsageError when `overwrite` is given for a folder that is not a dataset.
    """
    if folder.exists() and not folder.is_dir():
        raise OutputExistsError(folder, "it is a file; choose another --output")
    entries = (
        {entry.name for entry in folder.iterdir() if not is_partial(entry)}
        if folder.exists()
        else set()
    )
    if not entries or (resume and BUILD_STATE in entries):
        return
    if resume and MANIFEST in entries:
        raise AlreadyCompleteError(folder)
    if not overwrite:
        more = ", or --resume to continue it" if BUILD_STATE in entries else ""
        raise OutputExistsError(folder, f"choose another --output or add --overwrite{more}")
    if not entries & {MANIFEST, BUILD_STATE}:
        raise UsageError(
            f"'{folder}' is not a dataset, so --overwrite does not replace it: "
            "choose another --output"
        )
    remove_dataset(folder)


def remove_partial_files(folder: Path) -> None:
    """Remove the temporary files that an interrupted build left in `folder`."""
    for path in filter(is_partial, folder.iterdir()):
        remove(path)


def remove_dataset(folder: Path) -> None:
    """Remove the files of a dataset, finished or not, and `folder` itself if it is empty then."""
    remove_partial_files(folder)
    for pattern in ("*.tfrecord", "*.idx", ".*.tfrecord.json", MANIFEST, LEFT_OUT, BUILD_STATE):
        for path in folder.glob(pattern):
            remove(path)
    if folder.exists() and not any(folder.iterdir()):
        folder.rmdir()
