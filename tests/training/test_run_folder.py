from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path

import pytest

from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.artifacts.run import Run, RunInfo
from ctc.errors import CtcError, InputError, OutputExistsError, UsageError
from ctc.training.config import TrainingConfig
from ctc.training.run_folder import check_output, explain_disk_errors, new_run, read_config

CONFIG = TrainingConfig(
    "data", "run", "small_cnn", ("species", "count"), {"count": 0.5}, rotate=12.0, flip=False
)


def _run_info(config: dict[str, object]) -> RunInfo:
    return RunInfo(
        config=config,
        backbone="small_cnn",
        labels={"species": ("boar", "deer")},
        preprocessing=Preprocessing(50, 50),
        channel_mean=(0.4, 0.4, 0.4),
        channel_std=(0.2, 0.2, 0.2),
        dataset={"path": "data", "fingerprint": "f"},
        seed=0,
    )


def _write_run(folder: Path, config: dict[str, object]) -> None:
    Run(folder).write(_run_info(config))


@pytest.mark.parametrize("given", ["run", "run/run.json"])
def test_read_config_reads_options_of_a_run(tmp_path, given):
    _write_run(tmp_path / "run", CONFIG.to_json())
    assert read_config(tmp_path / given)[0] == CONFIG


def test_read_config_rejects_other_files(tmp_path):
    with pytest.raises(UsageError, match=r"give the 'run\.json' of a run"):
        read_config(tmp_path / "other.json")


def test_read_config_names_file_with_unknown_option(tmp_path):
    _write_run(tmp_path, {**CONFIG.to_json(), "mix": 1})
    with pytest.raises(InputError, match=r"run\.json': there is no training option"):
        read_config(tmp_path)


def _fill_disk(run: Run) -> None:
    with new_run(run, _run_info({})), explain_disk_errors(run):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_full_disk_before_first_checkpoint_says_to_start_again(tmp_path):
    with pytest.raises(
        CtcError, match=r"no space left on device; solve this, then run the same command again$"
    ):
        _fill_disk(Run(tmp_path))
    assert not list(tmp_path.iterdir())


def test_full_disk_after_first_checkpoint_says_to_resume(tmp_path):
    run = Run(tmp_path)
    _write_run(tmp_path, {})
    run.checkpoints.mkdir()
    (run.checkpoints / "00001-00000000.npz").touch()
    with (
        pytest.raises(CtcError, match="then resume with: ctc train --resume "),
        explain_disk_errors(run),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_check_output_finds_used_and_read_only_output(tmp_path):
    used = replace(CONFIG, output=str(tmp_path / "used"))
    _write_run(tmp_path / "used", CONFIG.to_json())
    with pytest.raises(OutputExistsError, match="resume with --resume"):
        check_output(used, resume=False, overwrite=False)
    check_output(used, resume=False, overwrite=True)
    check_output(used, resume=True, overwrite=False)
    below_file = replace(CONFIG, output=str(tmp_path / "used" / "run.json" / "run"))
    with pytest.raises(CtcError, match="can't be written: not a directory"):
        check_output(below_file, resume=False, overwrite=False)
