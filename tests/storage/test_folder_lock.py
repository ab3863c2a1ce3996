from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from ctc.errors import CtcError, InputError
from ctc.storage.folder_lock import LOCK_FILE, lock_folder, lock_output


def test_lock_folder_refuses_folder_of_another_writer(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with lock_folder(folder, "ctc train"):
        with (
            pytest.raises(InputError, match=r"'.*run' is being written by another `ctc train`"),
            lock_folder(folder, "ctc train"),
        ):
            pass
        assert (folder / LOCK_FILE).exists()


def test_lock_folder_releases_lock_at_end(tmp_path: Path) -> None:
    for _ in range(2):
        with lock_folder(tmp_path, "ctc train"):
            (tmp_path / "result").touch()
    assert [path.name for path in tmp_path.iterdir()] == ["result"]


def test_lock_folder_removes_only_empty_folder_that_it_created(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    for name in ("old", "new"):
        with lock_folder(tmp_path / name, "ctc train"):
            pass
    assert [path.name for path in tmp_path.iterdir()] == ["old"]


def test_lock_folder_ignores_lock_file_of_killed_process(tmp_path: Path) -> None:
    (tmp_path / LOCK_FILE).touch()
    with lock_folder(tmp_path, "ctc train"):
        pass


def test_lock_output_refuses_the_file_of_another_writer_alone(tmp_path: Path) -> None:
    output = tmp_path / "new" / "model.onnx"
    with lock_output(output, "ctc import"), lock_output(tmp_path / "new/other.onnx", "ctc import"):
        with (
            pytest.raises(InputError, match=r"'.*model.onnx' is being written by another `ctc im"),
            lock_output(output, "ctc import"),
        ):
            pass
        output.touch()
    assert [path.name for path in output.parent.iterdir()] == ["model.onnx"]


def test_lock_folder_says_that_folder_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(CtcError, match=r"can't be written: .*; choose another --output"),
        lock_folder(tmp_path / "file" / "run", "ctc train"),
    ):
        pass


def _count(folder: Path, counter: Path) -> None:
    for _ in range(50):
        while True:
            try:
                with lock_folder(folder, "ctc train"):
                    counter.write_text(str(int(counter.read_text()) + 1))
                break
            except InputError:
                continue


@pytest.mark.subprocess
def test_lock_folder_lets_one_process_in_at_a_time(tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    counter.write_text("0")
    spawn = multiprocessing.get_context("spawn")
    processes = [
        spawn.Process(target=_count, args=(tmp_path / "locked", counter)) for _ in range(3)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert counter.read_text() == "150"
