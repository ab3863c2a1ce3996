"""Layers of option values, default < file < environment < command line, and `--show-config`."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from functools import reduce
from operator import getitem
from pathlib import Path

import click
import pytest

from ctc.cli.main import COMMANDS, ctc, run
from ctc.cli.settings.keys import option_key
from ctc.cli.settings.source import is_configurable

CTC = [sys.executable, "-c", "from ctc.cli import main; main()"]
PREDICT = ["predict", "model.onnx", "photos", "--output", "p.csv"]


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    path = tmp_path / "lab.toml"
    path.write_text(
        "[predict]\nthreads = 5\nbatch_size = 16\nimage = 'photo'\n"
        "event-id = 'event'\nper-photo = true\n"
    )
    return path


def shown(capsys, *arguments: str) -> dict[str, tuple[object, str]]:
    """Return value and source of each option with a value, as `--show-config` prints them."""
    assert run([*arguments, "--show-config"]) == 0
    text = capsys.readouterr().out
    heading, *lines = text.splitlines()
    table = reduce(getitem, heading.strip("[]").split("."), tomllib.loads(text))
    origins = {line.partition(" = ")[0]: line.rpartition("  # ")[2] for line in lines}
    return {key: (value, origins[key]) for key, value in table.items()}


@pytest.mark.parametrize(
    ("variable", "typed", "expected"),
    [
        (None, [], (5, "{file}")),
        ("6", [], (6, "CTC_PREDICT_THREADS")),
        ("6", ["--threads", "7"], (7, "command line")),
        (None, ["--threads", "7"], (7, "command line")),
        ("", [], (5, "{file}")),
    ],
)
def test_layers_command_line_over_environment_over_file(
    settings, monkeypatch, capsys, variable, typed, expected
) -> None:
    if variable is not None:
        monkeypatch.setenv("CTC_PREDICT_THREADS", variable)
    value, origin = expected
    found = shown(capsys, *PREDICT, "--config", str(settings), *typed)
    assert found["threads"] == (value, origin.format(file=settings))
    assert found["aggregation"] == ("auto", "default")


@pytest.mark.parametrize(
    "arguments", [["--config", "{file}", *PREDICT], [*PREDICT, "--config", "{file}"]]
)
def test_config_option_before_or_after_command(settings, capsys, arguments: list[str]) -> None:
    found = shown(capsys, *(one.format(file=settings) for one in arguments))
    assert (found["image"][0], found["batch-size"][0]) == (["photo"], 16)


def test_config_option_overrides_ctc_config_per_key(
    settings, tmp_path, capsys, monkeypatch
) -> None:
    monkeypatch.setenv("CTC_CONFIG", str(settings))
    (tmp_path / "mine.toml").write_text("[predict]\nthreads = 1\n")
    found = shown(capsys, *PREDICT, "--config", str(tmp_path / "mine.toml"))
    assert (found["threads"][0], found["event-id"][0]) == (1, "event")


def test_layers_hold_for_plugin_options(settings, capsys, monkeypatch) -> None:
    monkeypatch.setenv("CTC_PREDICT_TIME_ZONE", "Europe/Berlin")
    found = shown(capsys, *PREDICT, "--config", str(settings))
    assert found["per-photo"] == (True, str(settings))
    assert found["time-zone"] == ("Europe/Berlin", "CTC_PREDICT_TIME_ZONE")


@pytest.mark.parametrize(
    ("table", "arguments", "key", "value"),
    [
        ("[dataset.verify]\nworkers = 2", ["dataset", "verify", "d"], "workers", 2),
        (
            "[dataset]\nsplit = ['a=0.5', 'b=0.5']",
            ["dataset", "i", "--output", "d"],
            "split",
            ["a=0.5", "b=0.5"],
        ),
        (
            "[inventory.csv]\nlabel = 'x'",
            ["inventory", "csv", "f", "--output", "o"],
            "label",
            ["x"],
        ),
        ("[export]\nrun = 'run'", ["export", "--output", "o"], "run", "run"),
        (
            "[train]\nflip = false\nlabel-weight = 'a=2'",
            ["train", "d", "--output", "o", "--backbone", "b"],
            "flip",
            False,
        ),
    ],
)
def test_config_file_has_a_table_per_command(
    tmp_path, capsys, table, arguments, key, value
) -> None:
    (tmp_path / "c.toml").write_text(
        f"{table}\nevent-id = 'e'\nimage = 'i'\n" if "csv" in table else table
    )
    assert shown(capsys, "--config", str(tmp_path / "c.toml"), *arguments)[key][0] == value


def test_show_config_prints_a_file_that_repeats_the_command(settings, tmp_path, capsys) -> None:
    first = ["--config", str(settings), *PREDICT, "--threshold", "0.25"]
    assert run([*first, "--show-config"]) == 0
    (tmp_path / "shown.toml").write_text(capsys.readouterr().out)
    again = shown(capsys, "predict", "--config", str(tmp_path / "shown.toml"))
    assert {key: value for key, (value, _) in again.items()} == {
        key: value for key, (value, _) in shown(capsys, *first).items()
    }


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "[predcit]",
            (
                "'{file}' has a table [predcit], but there is no such command: did you mean "
                "'predict'?"
            ),
        ),
        (
            "threads = 1",
            "'{file}' has 'threads' outside the table of a command: put it under [COMMAND]",
        ),
        (
            "[predict]\nthread = 1",
            (
                "'{file}': 'thread' in [predict] is not an option of `ctc predict`: did you mean "
                "'threads'?"
            ),
        ),
        (
            "[predict]\nthreads = [1]",
            "'{file}': 'threads' in [predict] takes one value, not a list",
        ),
        (
            "[predict]\nimage = {a = 1}",
            "'{file}': 'image' in [predict] must be a value or a list of values",
        ),
        (
            "[predict]\nformat = [[1]]",
            "'{file}': 'format' in [predict] must be a value or a list of values",
        ),
    ],
)
def test_config_file_error_names_file_and_key(tmp_path, capsys, text, line) -> None:
    path = tmp_path / "c.toml"
    path.write_text(text)
    assert run(["--config", str(path), *PREDICT]) == 2
    assert capsys.readouterr().err == f"error: {line.format(file=path)}\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "[inventory]\noutput = 'x'",
            (
                "'{file}' has 'inventory.output' outside the table of a command: put it under "
                "[COMMAND]"
            ),
        ),
        (
            "[inventory.csvv]",
            (
                "'{file}' has a table [inventory.csvv], but there is no such command: did you mean "
                "'csv'?"
            ),
        ),
    ],
)
def test_config_file_checks_tables_of_formats(tmp_path, capsys, text, line) -> None:
    path = tmp_path / "c.toml"
    path.write_text(text)
    assert run(["--config", str(path), "inventory", "folders", "photos", "--output", "o"]) == 2
    assert capsys.readouterr().err == f"error: {line.format(file=path)}\n"


def test_config_file_that_is_not_toml(tmp_path, capsys) -> None:
    (tmp_path / "c.toml").write_bytes(b"[predict\xff")
    assert run([*PREDICT, "--config", str(tmp_path / "c.toml")]) == 1
    assert "c.toml' is not TOML: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("missing.toml", "the configuration file '{file}' does not exist"),
        (
            "run.json",
            "'{file}' is not a .toml file: see docs/configuration.md for the format",
        ),
    ],
)
def test_config_file_that_cannot_be_used(tmp_path, capsys, name, line) -> None:
    path = tmp_path / name
    assert run([*PREDICT, "--config", str(path)]) == 2
    assert capsys.readouterr().err == f"error: {line.format(file=path)}\n"


def test_invalid_value_names_its_source(monkeypatch, tmp_path, capsys) -> None:
    (tmp_path / "c.toml").write_text("[predict]\nthreads = 'x'\n")
    assert run([*PREDICT, "--config", str(tmp_path / "c.toml")]) == 2
    monkeypatch.setenv("CTC_PREDICT_THREADS", "many")
    assert run(PREDICT) == 2
    bad = (
        "error: invalid value for '--threads': '{}' is not a valid integer (from {}): see 'ctc "
        "predict --help'"
    )
    expected = [bad.format("x", tmp_path / "c.toml"), bad.format("many", "CTC_PREDICT_THREADS")]
    assert capsys.readouterr().err.splitlines() == expected


@pytest.mark.subprocess
def test_layers_hold_in_a_new_process(settings) -> None:
    environment = {
        **os.environ,
        "CTC_CONFIG": str(settings),
        "CTC_PREDICT_EVENT_ID": "id",
        "CTC_PLUGINS": "",
    }
    command = [*CTC, *PREDICT, "--format", "json", "--show-config"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    found = tomllib.loads(done.stdout)["predict"]
    assert (found["threads"], found["event-id"], found["format"], done.stderr) == (
        5,
        "id",
        "json",
        "",
    )


def test_variables_of_options_are_unique() -> None:
    variables = []
    with click.Context(ctc, info_name="ctc") as root:
        for name in COMMANDS:
            command = ctc.get_command(root, name)
            with command.context_class(command, info_name=name, parent=root) as context:
                variables += [
                    one.envvar
                    for one in command.get_params(context)
                    if isinstance(one, click.Option) and one.envvar
                ]
    assert len(variables) == len(set(variables))
    assert {"CTC_PREDICT_BATCH_SIZE", "CTC_DATASET_VERIFY_WORKERS", "CTC_TRAIN_LABEL"} <= set(
        variables
    )


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "inventory"])
def test_keys_of_a_command_are_unique(name: str) -> None:
    with click.Context(ctc, info_name="ctc") as root:
        command = ctc.get_command(root, name)
        with command.context_class(command, info_name=name, parent=root) as context:
            keys = [option_key(one) for one in command.get_params(context) if is_configurable(one)]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(
    "given", [["--output", "a.csv", "--output", "b.json"], ["--output=a.csv", "--output", "b.json"]]
)
def test_repeated_output_is_refused(capsys, given: list[str]) -> None:
    assert run(["predict", "model.onnx", "photos", *given]) == 2
    message = capsys.readouterr().err
    assert message.startswith("error: --output is given 2 times (")
    assert message.endswith("add --shard 1/1 and run `ctc merge` once for each\n")


def test_repeated_clock_offset_is_refused(capsys) -> None:
    given = ["--clock-offset", "a.csv", "--clock-offset=b.csv", "--output", "c.csv"]
    assert run(["predict", "model.onnx", "photos", *given]) == 2
    assert capsys.readouterr().err == (
        "error: --clock-offset is given 2 times ('a.csv', 'b.csv'), a run has one: "
        "put the rows of all into one file\n"
    )


def test_repeated_output_after_two_dashes_is_a_path(capsys) -> None:
    given = ["predict", "model.onnx", "--output", "a.csv", "--", "--output", "--output"]
    assert run(given) == 2
    assert "is given 2 times" not in capsys.readouterr().err
