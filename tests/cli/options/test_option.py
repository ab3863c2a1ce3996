"""`--help` of every command: defaults, numbers and names of plugins."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import MISSING, fields

import click
import pytest

from ctc.cli.main import ctc
from ctc.cli.options.option import CommandOption, PluginName, option
from ctc.cli.registry import COMMANDS
from ctc.plugin import Augmentation
from ctc.training.config import TrainingConfig

FORMATS = ("inventory csv", "inventory folders", "inventory megadetector")
DEFAULT = re.compile(r"\[default: ((?:[^\[\]])*)\]")


def help_records(name: str) -> Iterator[tuple[click.Option, str, str]]:
    """Yield each option of a command with its names and metavar, and its help text."""
    with click.Context(ctc, info_name="ctc") as context:
        command = ctc.get_command(context, name if name in COMMANDS else name.split()[0])
        for word in [] if name in COMMANDS else name.split()[1:]:
            context = command.context_class(command, info_name="inventory", parent=context)
            command = command.get_command(context, word)
        context = command.context_class(command, info_name=name.split()[-1], parent=context)
        for parameter in command.get_params(context):
            if isinstance(parameter, click.Option) and not parameter.hidden:
                yield parameter, *parameter.get_help_record(context)


def help_texts(name: str) -> dict[str | None, str]:
    """Return the help text of each option of a command, by name of the parameter."""
    return {parameter.name: text for parameter, _, text in help_records(name)}


def has_default(parameter: click.Option) -> bool:
    """Return whether an option has a default; a flag that is off has none."""
    default = parameter.to_info_dict()["default"]
    if isinstance(parameter, CommandOption) and default is None:
        default = parameter.fallback()
    if parameter.is_flag and not parameter.secondary_opts:
        return bool(default)
    return default is not None and default != ()


@pytest.mark.parametrize("name", [*COMMANDS, *FORMATS])
def test_help_shows_every_default(name: str) -> None:
    hidden = [
        parameter.name
        for parameter, _, text in help_records(name)
        if has_default(parameter) and not DEFAULT.search(text)
    ]
    assert hidden == []


@pytest.mark.parametrize("name", [*COMMANDS, *FORMATS])
def test_help_shows_a_default_once_and_numbers_as_metavars(name: str) -> None:
    for _, names, text in help_records(name):
        assert text.count("[default:") <= 1
        assert not re.search(r"INTEGER|FLOAT|RANGE", names)


def test_help_of_train_shows_defaults_of_training_config() -> None:
    texts = help_texts("train")
    for field in fields(TrainingConfig):
        if field.default is MISSING or field.default in (None, ()):
            continue
        shown = DEFAULT.search(texts[field.name])
        assert shown, field.name
        value = shown[1].partition(";")[0]
        if isinstance(field.default, bool):
            assert value.startswith("no-") is not field.default
        elif isinstance(field.default, str):
            assert value == field.default
        else:
            assert float(value) == field.default


def test_help_of_train_shows_derived_defaults() -> None:
    texts = help_texts("train")
    assert "[default: sgd 0.01, rmsprop 0.001, adamw 0.001; N>0]" in texts["learning_rate"]
    assert "resnet18 (224×224)" in texts["backbone"]


def test_augmentation_defaults_of_train_and_loaders_agree() -> None:
    shared = {field.name for field in fields(Augmentation)} - {"preserve_aspect"}
    config = {field.name: field.default for field in fields(TrainingConfig)}
    assert {name: config[name] for name in shared} == {
        name: getattr(Augmentation(), name) for name in shared
    }


@pytest.mark.parametrize(
    ("command", "parameter", "names"),
    [
        ("train", "loader", "dali, tfdata, turbo"),
        ("predict", "aggregation", "attention, max, mean, min, product, top_k_mean, vote"),
        ("predict", "engine", "local, ray"),
        (
            "merge",
            "format",
            "camtrap-dp, camtrap-dp-zip, csv, folders, json, megadetector, parquet",
        ),
        ("serve", "aggregation", "attention, max, mean, min, product, top_k_mean, vote"),
    ],
)
def test_help_lists_names_of_plugins(
    monkeypatch: pytest.MonkeyPatch, command: str, parameter: str, names: str
) -> None:
    monkeypatch.setenv("CTC_PLUGINS", "")
    assert f"Installed: {names}." in help_texts(command)[parameter]


def test_command_option_shows_described_default_and_range() -> None:
    @click.command()
    @option("--threads", type=click.IntRange(1, 8), show_default="all", help="Cores.")
    @option("--size", type=float, show_default=lambda: "large", help="Size.")
    @option("--name", type=PluginName("Loader"), help="Loader.", hidden=True)
    def command() -> None: ...

    with click.Context(command) as context:
        records = [parameter.get_help_record(context) for parameter in command.params]
    assert records == [
        ("--threads N", "Cores.  [default: all; 1<=N<=8]"),
        ("--size N", "Size.  [default: large]"),
        None,
    ]
