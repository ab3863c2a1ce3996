"""The reference pages name what there is: keys of files, environment variables, exit codes."""

from __future__ import annotations

import re
from pathlib import Path

import ctc
import ctc_plugins
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.artifacts.run import RunInfo
from ctc.cli import registry
from ctc.errors import CtcError, UsageError

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"
SOURCES = [
    path
    for package in (ctc, ctc_plugins)
    for root in package.__path__
    for path in Path(root).rglob("*.py")
]
VARIABLE = re.compile(r'"(_?(?:CTC|KERAS|MLFLOW|RAY|TF|XLA)_[A-Z_]+)"')


def described(page: str, heading: str = "") -> set[str]:
    """The names in the first column of the tables: of the whole page, or below one of its headings,
    up to the next."""
    text = (REFERENCE / page).read_text(encoding="utf-8")
    if heading:
        text = re.split(r"^#", text.partition(f"# {heading}\n")[2], flags=re.MULTILINE)[0]
    cells = re.findall(r"^\| (`[^|]*) \|", text, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def test_environment_page_describes_every_variable() -> None:
    used = {name for path in SOURCES for name in VARIABLE.findall(path.read_text(encoding="utf-8"))}
    assert "CTC_PLUGINS" in used
    assert used <= described("environment.md")


def test_artifacts_page_describes_dataset_json(tiny_dataset) -> None:
    assert described("artifacts.md", "Dataset") == set(tiny_dataset().manifest.to_json())


def test_artifacts_page_describes_record_features(tiny_dataset) -> None:
    shard = next((tiny_dataset().folder).glob("train-*.tfrecord")).read_bytes()
    features = {name for name in described("artifacts.md", "Record") if name != "label/<name>"}
    assert len(features) == 7
    assert all(name.encode() in shard for name in features)


def test_artifacts_page_describes_run_json() -> None:
    nothing = (0.0, 0.0, 0.0)
    keys = RunInfo({}, "small_cnn", {}, Preprocessing(8, 8), nothing, nothing, {}, seed=0).to_json()
    assert described("artifacts.md", "Run") == set(keys)


def test_exit_codes_page_describes_every_code() -> None:
    text = (REFERENCE / "exit-codes.md").read_text(encoding="utf-8")
    codes = {
        0,
        CtcError.exit_code,
        UsageError.exit_code,
        registry.PARTLY_FAILED,
        registry.INTERRUPTED,
        registry.TERMINATED,
    }
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)} == codes
