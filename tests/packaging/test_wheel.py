"""Content of the wheel, and that it works without TensorFlow."""

from __future__ import annotations

import configparser
import csv
import json
import shutil
import subprocess
import sys
import tarfile
from email import message_from_string
from pathlib import Path
from zipfile import ZipFile

import pytest

pytestmark = [pytest.mark.subprocess, pytest.mark.slow]

CHECKOUT = Path(__file__).resolve().parents[2]


def contents(wheel: Path) -> set[str]:
    """Return the files in the wheel, without its metadata."""
    with ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def metadata(wheel: Path, name: str) -> str:
    with ZipFile(wheel) as archive:
        (path,) = [path for path in archive.namelist() if path.endswith(f".dist-info/{name}")]
        return archive.read(path).decode()


def test_wheel_contains_every_module_and_nothing_else(wheel):
    sources = [path for folder in ("ctc", "plugins") for path in (CHECKOUT / folder).rglob("*.py")]
    for package in ("ecology", "evaluation"):
        sources += (CHECKOUT / "ctc" / package / "html" / "templates").iterdir()
    for package in ("review", "serving"):
        sources += (CHECKOUT / "ctc" / package / "static").iterdir()
    expected = {
        path.relative_to(CHECKOUT).as_posix().replace("plugins/", "ctc_plugins/", 1)
        for path in sources
    }
    assert contents(wheel) == expected | {"ctc/py.typed", "ctc_plugins/py.typed"}


def test_wheel_declares_command_and_plugins(wheel):
    found = configparser.ConfigParser()
    found.read_string(metadata(wheel, "entry_points.txt"))
    assert dict(found["console_scripts"]) == {"ctc": "ctc.cli:main"}
    assert {
        "csv",
        "folders",
        "output_csv",
        "output_json",
        "pooling",
        "resnet",
        "small_cnn",
        "tfdata",
    } <= {*found["ctc"]}


def test_wheel_metadata(wheel):
    said = message_from_string(metadata(wheel, "METADATA"))
    assert (said["Name"], said["License-Expression"] or said["License"]) == (
        "camera-trap-classifier",
        "MIT",
    )
    assert {"cpu", "gpu", "openvino", "data", "train", "dali", "test"} <= set(
        said.get_all("Provides-Extra")
    )


def test_wheel_names_an_author_and_a_page(wheel):
    said = message_from_string(metadata(wheel, "METADATA"))
    assert said["Author"] == "The camera-trap-classifier developers"
    assert said["Project-URL"] == "Paper, https://doi.org/10.1111/2041-210X.13099"


def test_source_distribution_holds_the_checkout(source_distribution):
    with tarfile.open(source_distribution) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    for name in ("CHANGELOG.md", "constraints.txt", "docs/index.md", "tests/conftest.py"):
        assert name in names
    for folder in ("ctc", "plugins", "tests", "docs", "benchmarks", ".ci"):
        files = (CHECKOUT / folder).rglob("*")
        kept = [path for path in files if path.is_file() and "__pycache__" not in path.parts]
        assert {path.relative_to(CHECKOUT).as_posix() for path in kept} <= names
    assert not [name for name in names if "__pycache__" in name or name.startswith("build/")]


def test_wheel_has_no_module_that_only_an_earlier_build_has(tmp_path):
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(CHECKOUT / name, tmp_path)
    for name in ("ctc", "plugins", ".ci"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(CHECKOUT / name, tmp_path / name, ignore=ignored)
    stale = tmp_path / "build" / "lib" / "ctc" / "stale.py"
    stale.parent.mkdir(parents=True)
    stale.touch()
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", "out", "."]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (made,) = (tmp_path / "out").glob("*.whl")
    assert "ctc/cli/main.py" in contents(made)
    assert "ctc/stale.py" not in contents(made)


def test_help_in_fresh_environment(cpu):
    done = cpu("--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Usage: ctc [OPTIONS] COMMAND [ARGS]...")


def test_plugins_load_without_training_extra(cpu):
    listed = json.loads(cpu("plugins", "--json").stdout)
    assert (listed["broken"], listed["off"]) == ([], [])
    assert {"mean", "csv", "json", "folders", "tfdata", "resnet18"} <= {
        row["name"] for row in listed["plugins"]
    }


@pytest.mark.parametrize("package", ["tensorflow", "keras", "pandas", "pyarrow"])
def test_cpu_extra_brings_no_heavy_package(cpu, package: str):
    done = cpu(
        "-c", f"import importlib.util as u; print(u.find_spec('{package}'))", program="python"
    )
    assert done.stdout == "None\n"


def test_predict_needs_only_cpu_extra(cpu, red_model, photos, tmp_path):
    done = cpu("predict", red_model, photos, "--output", tmp_path / "p.csv")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    with open(tmp_path / "p.csv", newline="") as table:
        rows = list(csv.DictReader(table))
    assert sorted({(Path(row["id"]).parent.name, row["prediction_top"]) for row in rows}) == [
        ("boar", "boar"),
        ("fox", "fox"),
    ]


def test_doctor_reports_cpu_extra(cpu, red_model, tmp_path):
    done = cpu("doctor", tmp_path, "--model", red_model, "--seconds", "0.1", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    found = {one["check"]: one["status"] for one in json.loads(done.stdout)["findings"]}
    assert {name for name, status in found.items() if status == "failed"} == set()
    assert (found["extra cpu"], found["extra data"], found["tensorflow"]) == (
        "ok",
        "absent",
        "absent",
    )
    assert (found["loading"], found["provider cpu"]) == ("absent", "ok")


@pytest.mark.parametrize(
    ("arguments", "extra"),
    [
        (["inventory", "folders", "{photos}", "--output", "i.parquet"], "data"),
        (["dataset", "i.parquet", "--output", "d"], "data"),
        (["serve", "m.onnx"], "cpu,serve"),
        (
            ["train", "{photos}", "--output", "run", "--backbone", "small_cnn", "--label", "class"],
            "train",
        ),
    ],
)
def test_command_names_missing_extra(cpu, photos, arguments: list[str], extra: str):
    done = cpu(*[argument.format(photos=photos) for argument in arguments])
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done.stderr
    assert f"pip install 'camera-trap-classifier[{extra}]'" in done.stderr


def test_predict_names_missing_runtime_extra(data, red_model, photos, tmp_path):
    done = data("predict", red_model, photos, "--output", tmp_path / "p.csv")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert "pip install 'camera-trap-classifier[cpu]'" in done.stderr


def test_inventory_and_dataset_need_only_data_extra(data, photos, tmp_path):
    inventory, dataset = tmp_path / "inventory.parquet", tmp_path / "dataset"
    done = data("inventory", "folders", photos, "--output", inventory)
    assert done.returncode == 0, done.stderr
    done = data(
        "dataset", inventory, "--output", dataset, "--split", "train=0.5", "--split", "test=0.5"
    )
    assert done.returncode == 0, done.stderr
    described = json.loads((dataset / "dataset.json").read_text())
    assert sum(split["events"] for split in described["splits"].values()) == 6
