from __future__ import annotations

from pathlib import Path

import pytest

from ctc.artifacts.preprocessing import Preprocessing
from ctc.artifacts.run import Run, RunInfo
from ctc.errors import InputError, UsageError
from ctc.training.config import TrainingConfig
from ctc.training.run_folder import read_config

CONFIG = TrainingConfig(
    "data", "run", "small_cnn", ("species", "count"), {"count": 0.5}, rotate=12.0, flip=False
)


def _write_run(folder: Path, config: dict[str, object]) -> None:
    info = RunInfo(
        config=config,
        backbone="small_cnn",
        labels={"species": ("boar", "deer")},
        preprocessing=Preprocessing(50, 50),
        channel_mean=(0.4, 0.4, 0.4),
        channel_std=(0.2, 0.2, 0.2),
        dataset={"path": "data", "fingerprint": "f"},
        seed=0,
    )
    Run(folder).write(info)


@pytest.mark.parametrize("given", ["run", "run/run.json"])
def test_read_config_reads_options_of_a_run(tmp_path, given):
    _write_run(tmp_path / "run", CONFIG.to_json())
    assert read_config(tmp_path / given)[0] == CONFIG


def test_read_config_rejects_other_files(tmp_path):
    with pytest.raises(UsageError, match=r"give the 'run\.json' of a run"):
        read_config(tmp_path / "other.json")


def test_read_config_names_file_with_unknown_option(tmp_path):
    _write_run(tmp_path, {**CONFIG.to_json(), "mixup": 1})
    with pytest.raises(InputError, match=r"run\.json': there is no training option"):
        read_config(tmp_path)
