"""Preparation of the folder that a dataset is written to."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctc.artifacts.dataset import MANIFEST
from ctc.dataset import folder as folder_module
from ctc.dataset.folder import BUILD_STATE, output_folder, prepare_folder
from ctc.errors import AlreadyCompleteError, CtcError, InputError, OutputExistsError, UsageError
from ctc.storage.atomic import remove


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    """A folder with the files of a dataset."""
    folder = tmp_path / "finished"
    folder.mkdir()
    for name in (MANIFEST, "train-00000-of-00001.tfrecord", "train-00000-of-00001.idx"):
        (folder / name).touch()
    return folder


def test_prepare_folder_replaces_dataset_only_with_overwrite(finished: Path) -> None:
    with pytest.raises(OutputExistsError):
        prepare_folder(finished, resume=False, overwrite=False)
    prepare_folder(finished, resume=False, overwrite=True)
    assert not finished.exists()


def test_prepare_folder_keeps_other_files_of_overwritten_dataset(finished: Path) -> None:
    (finished / "thesis.doc").touch()
    prepare_folder(finished, resume=False, overwrite=True)
    assert [path.name for path in finished.iterdir()] == ["thesis.doc"]


def test_prepare_folder_refuses_to_overwrite_other_folder(tmp_path: Path) -> None:
    (tmp_path / "thesis.doc").touch()
    with pytest.raises(UsageError, match="not a dataset"):
        prepare_folder(tmp_path, resume=False, overwrite=True)


def test_prepare_folder_refuses_to_resume_finished_dataset(finished: Path) -> None:
    with pytest.raises(AlreadyCompleteError, match="there is nothing to resume"):
        prepare_folder(finished, resume=True, overwrite=False)


def test_prepare_folder_accepts_unfinished_dataset_with_resume(tmp_path: Path) -> None:
    (tmp_path / BUILD_STATE).touch()
    with pytest.raises(OutputExistsError, match="or --resume to continue it"):
        prepare_folder(tmp_path, resume=False, overwrite=False)
    prepare_folder(tmp_path, resume=True, overwrite=False)
    assert (tmp_path / BUILD_STATE).exists()


def test_prepare_folder_ignores_temporary_files(tmp_path: Path) -> None:
    (tmp_path / ".dataset.json.7.partial").touch()
    prepare_folder(tmp_path, resume=False, overwrite=False)


def test_output_folder_keeps_out_another_build(finished: Path) -> None:
    with (
        output_folder(finished, resume=False, overwrite=True),
        pytest.raises(InputError, match="is being written by another `ctc dataset`: wait for it"),
        output_folder(finished, resume=True, overwrite=False),
    ):
        pass


def test_output_folder_refuses_to_write_into_file_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(CtcError, match="can't be written: not a directory"),
        output_folder(tmp_path / "file" / "dataset", resume=False, overwrite=False),
    ):
        pass


def test_remove_dataset_leaves_unfinished_dataset_if_killed(
    finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop_at_shard(path: Path) -> None:
        if path.suffix == ".tfrecord":
            raise KeyboardInterrupt
        remove(path)

    monkeypatch.setattr(folder_module, "remove", stop_at_shard)
    with pytest.raises(KeyboardInterrupt):
        prepare_folder(finished, resume=False, overwrite=True)
    monkeypatch.undo()
    assert not (finished / MANIFEST).exists()
    prepare_folder(finished, resume=False, overwrite=True)
    assert not finished.exists()
