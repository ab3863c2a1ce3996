"""Options of `ctc train`, and the values that they take from an earlier run."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from ctc.cli.commands.train.option_groups import (
    DATA,
    DEVICES,
    LOSS,
    NETWORK,
    OPTIMIZATION,
    RUN,
    TEACHER,
)
from ctc.cli.options.option import apply_options, option
from ctc.cli.options.values.paths import PATH, PATH_STR
from ctc.cli.settings.context import load_config_file
from ctc.cli.settings.source import FILE_VALUES_KEY, was_provided
from ctc.errors import UsageError

LOCAL_OPTIONS = ("hosts", "host_index", "coordinator", "mlflow")
"""Options that connect to other machines: a run.json, which may be another person's, can't."""

SOURCE_RUN_KEY = "ctc.training.repeats"
"""In click's `meta`: the `RunInfo` of the run whose options were read."""


def _load_config_option(
    context: click.Context, parameter: click.Parameter, path: Path | None
) -> None:
    """Use the options of a configuration file, or of an earlier run, as defaults."""
    if path is not None and path.suffix.lower() == ".toml":
        load_config_file(context, path)
    elif path is not None and path.is_file() and path.suffix.lower() != ".json":
        raise UsageError(
            f"'{path}' is no configuration: give --config a .toml file or the run.json of a run"
        )
    else:
        _load_run_config(context, parameter, path)


def _load_run_config(context: click.Context, _: click.Parameter, path: Path | None) -> None:
    """Use the options of an earlier run as defaults, but those of LOCAL_OPTIONS.

    They take precedence over a configuration file, and the command line over them.
    """
    if path is None:
        return
    from ctc.training.run_folder import read_config

    config, context.meta[SOURCE_RUN_KEY] = read_config(path)
    values = _without_local_options(config.to_json())
    weights = [f"{label}={weight}" for label, weight in values.pop("label_weights").items()]
    of_plugins = {**values.pop("backbone_options", {}), **values.pop("loader_options", {})}
    context.default_map = {
        **(context.default_map or {}),
        **of_plugins,
        **values,
        "label_weights": weights,
    }
    context.meta.pop(FILE_VALUES_KEY, None)


def _without_local_options(values: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a run without those that are never taken from a file of others."""
    from ctc.cli.console import console
    from ctc.training.config import TrainingConfig

    defaults = {one.name: one.default for one in fields(TrainingConfig)}
    left_out = [name for name in LOCAL_OPTIONS if values[name] != defaults[name]]
    if left_out:
        names = ", ".join(f"--{name.replace('_', '-')}" for name in left_out)
        console.info(f"not taken from the run: {names}; give them again where you want them")
    return {name: value for name, value in values.items() if name not in LOCAL_OPTIONS}


def _load_resumed_run(
    context: click.Context, parameter: click.Parameter, folder: Path | None
) -> Path | None:
    """Use the options of a run as defaults, and its folder as the output."""
    _load_run_config(context, parameter, folder)
    if folder is not None:
        context.default_map = {**(context.default_map or {}), "output": str(folder)}
    return folder


def _set_default_backbone(
    context: click.Context, parameter: click.Parameter, folder: str | None
) -> str | None:
    """Use the backbone of the run in --from as default."""
    if folder is not None and was_provided(context, parameter.name or ""):
        from ctc.artifacts.run import Run, reject_untrusted_checkpoint

        reject_untrusted_checkpoint(Path(folder))
        context.default_map = {
            "backbone": Run(Path(folder)).read().backbone,
            **(context.default_map or {}),
        }
    return folder


def _parse_label_weights(
    _: click.Context, __: click.Parameter, pairs: tuple[str, ...]
) -> dict[str, float]:
    weights = {}
    for pair in pairs:
        label, equals, weight = pair.rpartition("=")
        try:
            weights[label] = float(weight)
        except ValueError:
            equals = ""
        if not equals:
            raise UsageError(f"--label-weight '{pair}' is not LABEL=NUMBER, like 'species=2'")
    return weights


DATASET = click.argument("dataset", type=str)
SHARED_OPTIONS = (
    option("--label", "labels", multiple=True, metavar="NAME", help="Label to train. Repeatable."),
    option(
        "--label-weight",
        "label_weights",
        multiple=True,
        callback=_parse_label_weights,
        metavar="NAME=W",
        show_default="1 for each label",
        help="Loss weight of a label. Repeatable.",
    ),
    option(
        "--multi-label",
        multiple=True,
        metavar="LABEL",
        help="Label that may have several classes at once, such as two species. Repeatable.",
    ),
    *NETWORK,
    option(
        "--from",
        "start_from",
        is_eager=True,
        type=PATH_STR,
        callback=_set_default_backbone,
        metavar="RUN",
        help="Initialise the backbone from another run (labels and image size may differ).",
    ),
    *TEACHER,
    *LOSS,
    *DATA,
    *OPTIMIZATION,
    *RUN,
)
"""What describes a training; `ctc tune` has these too."""

OPTIONS = (
    DATASET,
    option("--output", type=PATH_STR, required=True, metavar="RUN", help="Run folder to write."),
    *SHARED_OPTIONS,
    *DEVICES,
    option(
        "--resume",
        is_eager=True,
        type=PATH,
        callback=_load_resumed_run,
        metavar="RUN",
        help="Resume a run (optionally with more --epochs).",
    ),
    option(
        "--config",
        is_eager=True,
        expose_value=False,
        type=PATH,
        callback=_load_config_option,
        metavar="FILE",
        help="Read options from a configuration file (.toml) or an earlier run (run.json); "
        "options on the command line take precedence.",
    ),
)

training_options = apply_options(OPTIONS)


def provided_options(context: click.Context, options: dict[str, Any]) -> dict[str, Any]:
    """Return the options that have a value.

    Options that an earlier run has for a label are dropped if the label is not trained any more.
    """
    kept = {name: value for name, value in options.items() if value is not None}
    if not was_provided(context, "label_weights"):
        weights = kept["label_weights"]
        kept["label_weights"] = {
            label: weight for label, weight in weights.items() if label in kept["labels"]
        }
    if not was_provided(context, "multi_label"):
        kept["multi_label"] = tuple(
            label for label in kept["multi_label"] if label in kept["labels"]
        )
    if (
        not was_provided(context, "sampling_label")
        and kept.get("sampling_label") not in kept["labels"]
    ):
        kept.pop("sampling_label", None)
    return kept
