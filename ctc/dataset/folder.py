"""The dataset folder while it is built: the state file, and what may be removed from it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ctc.artifacts.dataset import LEFT_OUT, MANIFEST
from ctc.errors import AlreadyCompleteError, OutputExistsError, UsageError
from ctc.storage.atomic import is_partial, remove, write_text
from ctc.storage.folder_lock import LOCK_FILE, lock_folder

BUILD_STATE = ".unfinished.json"
"""Name of the file that holds the fingerprint of the plan until the dataset is complete."""

SUMMARIES = ".*.tfrecord.json"
"""Pattern of the names of the finished shards' summaries."""


@contextmanager
def output_folder(folder: Path, *, resume: bool, overwrite: bool) -> Iterator[None]:
    """Prepare `folder` for a build in the block, and keep other builds out of it meanwhile.

    Raises CtcError as `prepare_folder` does, if another process builds a dataset there, or if it
    can't be written.
    """
    check_folder(folder, resume=resume, overwrite=overwrite)
    with lock_folder(folder, "ctc dataset"):
        prepare_folder(folder, resume=resume, overwrite=overwrite)
        yield


def prepare_folder(folder: Path, *, resume: bool, overwrite: bool) -> None:
    """Check the folder with `check_folder`; with `overwrite`, remove an earlier dataset."""
    check_folder(folder, resume=resume, overwrite=overwrite)
    if overwrite and not resume:
        remove_dataset(folder)


def check_folder(folder: Path, *, resume: bool, overwrite: bool) -> None:
    """Check that a dataset can be written to `folder`.

    With `overwrite` it may hold an earlier dataset. Raises OutputExistsError when `folder` holds
    anything that must not be replaced, AlreadyCompleteError when `resume` is given for a complete
    dataset, UsageError when `overwrite` is given for a folder that is not a dataset.
    """
    if folder.exists() and not folder.is_dir():
        raise OutputExistsError(folder, "it is a file; choose another --output")
    entries = (
        {entry.name for entry in folder.iterdir() if not is_partial(entry)} - {LOCK_FILE}
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


def resume_hint(folder: Path) -> str:
    """Return how to continue an interrupted build."""
    more = "with --resume" if (folder / BUILD_STATE).exists() else "again"
    return f"to continue '{folder}', run the same command {more}"


def remove_partial_files(folder: Path) -> None:
    """Remove the temporary files that an interrupted build left in `folder`."""
    for path in filter(is_partial, folder.iterdir()):
        remove(path)


def remove_build_notes(folder: Path) -> None:
    """Remove the notes of a build that is complete, the state file last."""
    for path in (*folder.glob(SUMMARIES), folder / BUILD_STATE):
        remove(path)


def remove_dataset(folder: Path) -> None:
    """Remove the files of a dataset, finished or not, and `folder` itself if it is empty then.

    If the process is killed meanwhile, what remains is an unfinished dataset.
    """
    if not folder.exists():
        return
    remove_partial_files(folder)
    if (folder / MANIFEST).exists():
        write_text(folder / BUILD_STATE, json.dumps({"plan": None}))
        remove(folder / MANIFEST)
    for pattern in ("*.tfrecord", "*.idx", SUMMARIES, LEFT_OUT, BUILD_STATE):
        for path in folder.glob(pattern):
            remove(path)
    if not any(folder.iterdir()):
        folder.rmdir()
