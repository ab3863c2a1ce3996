from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from ctc.cli.main import run
from ctc.errors import UsageError
from ctc.plugin import Option, OutputContext, OutputFormat
from ctc.plugin.option_values import option_values


def nothing(entries, path: Path, context: OutputContext) -> None:
    """A format that writes nothing."""


BOXES = OutputFormat(
    "boxes",
    "",
    (),
    nothing,
    (Option("size", "", "integer", required=True), Option("tag", "", multiple=True)),
)


def predict(*arguments: object) -> int:
    return run(["predict", *map(str, arguments)])


def test_predict_command_takes_options_of_the_format(model, draw, tmp_path) -> None:
    draw("photos/red.png")
    assert predict(model, tmp_path / "photos", "--output", tmp_path / "p.csv", "--per-photo") == 0
    with (tmp_path / "p.csv").open(newline="") as file:
        assert [row["path"] for row in csv.DictReader(file)] == [
            str(tmp_path / "photos" / "red.png")
        ] * 2


def test_predict_command_refuses_option_of_another_format(model, draw, tmp_path, capsys) -> None:
    output = tmp_path / "p.json"
    assert predict(model, draw("red.png"), "--output", output, "--excel") == 2
    assert capsys.readouterr().err == (
        "error: output format 'json' has no option --excel: it has --max-classes, --time-zone\n"
    )
    assert not output.exists()


@pytest.mark.parametrize(
    ("name", "options", "inside"),
    [
        ("p.parquet", ["--per-photo"], None),
        ("p.megadetector.json", ["--label", "count"], None),
        ("p.camtrap-dp.zip", ["--time-zone", "+01:00"], None),
        (
            "p.camtrap-dp",
            [],
            ["README.md", "datapackage.json", "deployments.csv", "media.csv", "observations.csv"],
        ),
        ("sorted", ["--format", "folders", "--copy"], ["_failed.csv", "fox"]),
    ],
)
def test_predict_command_writes_every_format(model, draw, tmp_path, name, options, inside) -> None:
    draw("photos/red.png")
    output = tmp_path / "out" / name
    assert predict(model, tmp_path / "photos", "--output", output, *options) == 0
    assert [path.name for path in output.parent.iterdir()] == [name]
    assert (sorted(path.name for path in output.iterdir()) if output.is_dir() else None) == inside


def test_predict_command_warns_of_incomplete_package(model, draw, tmp_path, capsys) -> None:
    predict(model, draw("photos/red.png"), "--output", tmp_path / "p.camtrap-dp")
    warnings = [
        line for line in capsys.readouterr().err.splitlines() if line.startswith("warning: ")
    ]
    assert len(warnings) == 2
    assert "the Camtrap DP package is incomplete, see its README.md" in warnings[0]


def test_predict_help_names_the_formats_of_each_option(capsys) -> None:
    assert predict("--help") == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "--per-photo csv, parquet: One row per photo" in shown
    assert shown.endswith("Example: ctc predict model.onnx new_photos --output predictions.csv")


def test_option_values_have_defaults() -> None:
    assert option_values(BOXES, {"size": 3}) == {"size": 3, "tag": ()}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"zise": 3}, "output format 'boxes' has no option --zise: it has --size, --tag"),
        ({"tag": ("a",)}, "output format 'boxes' needs --size"),
    ],
)
def test_option_values_name_unknown_and_missing_options(
    given: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        option_values(BOXES, given)


def test_predict_command_max_classes_limits_the_classes_of_a_row(
    model, draw, tmp_path, capsys
) -> None:
    arguments = (model, draw("red.png"), "--output", tmp_path / "p.csv", "--max-classes")
    assert predict(*arguments, "0") == 2
    assert "--max-classes" in capsys.readouterr().err
    assert predict(*arguments, "1") == 0
    text = (tmp_path / "p.csv").read_text(encoding="utf-8")
    assert '"{""fox"": ' in text
    assert '""wolf"": ' not in text
