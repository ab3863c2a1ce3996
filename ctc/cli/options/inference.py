"""Options of the commands that run a model: predict, serve, evaluate and calibrate."""

from __future__ import annotations

from typing import Any, get_args

import click

from ctc.artifacts.model.pooling import ATTENTION
from ctc.cli.options.option import Decorator, PluginName, option
from ctc.cli.options.values.paths import PATH_OR_URL
from ctc.errors import UsageError
from ctc.runtime.config import Precision, ProviderName, RuntimeConfig

AUTO = "auto"
PROVIDERS: tuple[str, ...] = get_args(ProviderName)
PRECISIONS: tuple[str, ...] = get_args(Precision)
DECODE_DEVICES = ("cpu", "gpu")
MAX_BATCH_SIZE = 4096


class BatchSize(click.IntRange):
    """A number from 1, or `auto`, which becomes None."""

    def __init__(self) -> None:
        super().__init__(1, MAX_BATCH_SIZE)

    def convert(
        self, value: Any, parameter: click.Parameter | None, context: click.Context | None
    ) -> Any:
        """Return the number, or None for `auto`."""
        return None if value == AUTO else super().convert(value, parameter, context)


PROVIDER = option(
    "--provider",
    type=click.Choice(PROVIDERS),
    default=AUTO,
    help="onnxruntime execution provider; auto takes the first that is installed and starts.",
)
PRECISION = option(
    "--precision",
    type=click.Choice(PRECISIONS),
    default="float32",
    help="Compute precision of float32 models: bfloat16 needs openvino, tf32 needs cuda.",
)
DECODE = option(
    "--decode",
    type=click.Choice(DECODE_DEVICES),
    default="cpu",
    help="Where JPEGs are decoded; gpu: with NVIDIA DALI beside the network on 'cuda', not yet "
    "tried on a GPU. Pixels differ by about a grey level, and damage within them goes unnoticed.",
)


def _refuse_attention(_context: click.Context, _parameter: click.Parameter, name: str) -> str:
    if name == ATTENTION:
        raise UsageError(
            f"--aggregation {name}: only `ctc predict` and `ctc evaluate` ask a model how much "
            "each photo counts"
        )
    return name


AGGREGATION = option(
    "--aggregation",
    type=PluginName("Aggregation"),
    default="mean",
    callback=_refuse_attention,
    help="How to aggregate photo probabilities per event.",
)
OWN_AGGREGATION = option(
    "--aggregation",
    type=PluginName("Aggregation"),
    default=AUTO,
    help="How to aggregate photo probabilities per event; auto: by attention where `ctc calibrate`"
    " found that it pays, else the mean.",
)
THRESHOLD = option(
    "--threshold",
    type=click.FloatRange(0, 1),
    metavar="P",
    show_default="the model's own thresholds, if any",
    help="Predict 'unknown' where no class reaches this probability; 0 for never.",
)
CLASS_LIST = option(
    "--classes",
    "class_list",
    type=PATH_OR_URL,
    metavar="FILE",
    help="Predict only these classes: one per line, or a CSV with the columns label,class.",
)

FLIPS = option(
    "--flips",
    is_flag=True,
    help="Test-time augmentation: the mean answer for each photo and its mirror image, which takes "
    "the network twice the time.",
)

STRANGERS = option(
    "--strangers/--no-strangers",
    default=True,
    help="Predict 'unknown' where photos are unlike anything learnt, if the model can tell.",
)


def batch_size_option(help_text: str) -> Decorator:
    """Return `--batch-size`, a number or `auto`."""
    return option("--batch-size", type=BatchSize(), default=AUTO, metavar="N", help=help_text)


def threads_option(default: str, help_text: str = "CPU cores to use.") -> Decorator:
    """Return `--threads`; `default` describes what holds when it is not given."""
    return option("--threads", type=click.IntRange(1, 1024), show_default=default, help=help_text)


def pop_runtime(options: dict[str, Any], default_threads: int) -> RuntimeConfig:
    """Take the values of these options out of `options`, as one record."""
    return RuntimeConfig(
        provider=options.pop("provider"),
        precision=options.pop("precision", "float32"),
        batch_size=options.pop("batch_size"),
        threads=options.pop("threads") or default_threads,
    )
