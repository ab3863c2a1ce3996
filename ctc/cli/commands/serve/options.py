"""The options of `ctc serve` and the configuration that they become."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ctc.cli.commands.predict.options import AUTO, PRECISIONS, PROVIDERS, BatchSize
from ctc.cli.options.paths import PATH, PATH_OR_URL
from ctc.errors import UsageError
from ctc.storage.paths import is_url, parse_path
from ctc.storage.remote_files import check_reachable

if TYPE_CHECKING:
    from ctc.serving.config import ServeConfig

from ctc.cli.registry import TOKEN_VARIABLE

_MB, _MEGAPIXELS = 1_000_000, 1_000_000


def _number_option(
    name: str, default: float, text: str, minimum: float = 0, min_open: bool = True
) -> Any:
    limit = click.FloatRange(minimum, min_open=min_open)
    return click.option(
        f"--{name}", type=limit, metavar="N", default=default, show_default=True, help=text
    )


def _count_option(name: str, default: int, text: str) -> Any:
    return click.option(
        f"--{name}",
        type=click.IntRange(1),
        metavar="N",
        default=default,
        show_default=True,
        help=text,
    )


_OPTIONS = (
    click.option("--host", metavar="ADDRESS", default="127.0.0.1", show_default=True, help="Address to listen on."),
    click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: any that is free."),
    click.option("--token-file", type=PATH, metavar="FILE", help=f"Holds the bearer token to ask for.  [default: ${TOKEN_VARIABLE}]"),
    click.option("--aggregation", metavar="NAME", default="mean", show_default=True, help="From photos to the event."),
    click.option(
        "--threshold", type=click.FloatRange(0, 1), metavar="P",
        help="Answer 'unknown' where no class is as probable.  [default: the model's own thresholds, if any; 0 for none]",
    ),
    click.option(
        "--classes", "class_list", type=PATH_OR_URL, metavar="FILE",
        help="Only these classes can be: a line each, or a CSV with the columns label,class.",
    ),
    click.option("--provider", type=click.Choice(PROVIDERS), default=AUTO, show_default=True, help="What runs the network."),
    click.option(
        "--precision", type=click.Choice(PRECISIONS), default="float32", show_default=True,
        help="What the network computes in.",
    ),
    click.option("--threads", type=click.IntRange(1, 1024), help="CPU cores to use.  [default: all]"),
    click.option(
        "--batch-size", type=BatchSize(1, 4096), default=AUTO, show_default=True, metavar="N",
        help="Photos that the network takes at a time, of all requests together; auto measures.",
    ),
    _number_option("batch-wait", 5, "Milliseconds that a photo may wait for others of its batch.", min_open=False),
    click.option(
        "--truncated", type=click.Choice(["fail", "use"]), default="fail", show_default=True,
        help="What to do with JPEGs that are cut short.",
    ),
    _count_option("max-photos", 128, "Photos in one request."),
    _number_option("max-body", 64, "Megabytes of one request."),
    _number_option("max-held", 512, "Megabytes of all requests under way together."),
    _number_option("max-pixels", 100, "Megapixels of one photo."),
    _count_option("queue", 256, "Photos that may wait or be worked on; more are refused with 429."),
    _number_option("timeout", 60, "Seconds that a request may take to arrive, and again to be answered."),
    _number_option("grace", 30, "Seconds that requests under way get when the server is stopped."),
    _number_option("reload", 2, "Seconds between two looks at the model files; 0 for none.", min_open=False),
    click.option(
        "--log-format", type=click.Choice(["plain", "json"]), default="plain", show_default=True,
        help="What a line of the log on stderr is.",
    ),
)  # fmt: skip


def serve_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add every option to a command function."""
    return reduce(lambda decorated, option: option(decorated), reversed(_OPTIONS), command)


def to_config(options: dict[str, Any]) -> ServeConfig:
    """Raises CtcError for options that don't go together, and a token that can't be used."""
    from ctc.hardware import usable_cores
    from ctc.plugin import Aggregation
    from ctc.plugin.manager import plugins
    from ctc.serving.config import Limits, ServeConfig

    take = options.pop
    limits = Limits(
        max_body_bytes=round(take("max_body") * _MB),
        max_inflight_bytes=round(take("max_held") * _MB),
        max_photos=take("max_photos"),
        max_pixels=round(take("max_pixels") * _MEGAPIXELS),
        max_queued_photos=take("queue"),
        timeout=take("timeout"),
        shutdown_timeout=take("grace"),
    )
    if limits.max_photos > limits.max_queued_photos:
        raise UsageError(
            f"--max-photos {limits.max_photos} is more than --queue {limits.max_queued_photos}: such a request never fits"
        )
    if limits.max_body_bytes > limits.max_inflight_bytes:
        raise UsageError("--max-body is more than --max-held: such a request never fits")
    return ServeConfig(
        models=parse_models(take("models")),
        aggregation=plugins().get(Aggregation, take("aggregation")),
        limits=limits,
        threads=take("threads") or usable_cores(),
        max_batch_wait=take("batch_wait") / 1000,
        token=read_token(take("token_file")),
        **options,
    )


def parse_models(models: Sequence[str]) -> dict[str, Path]:
    """From FILE and NAME=FILE to file by name; raises UsageError for names that are taken or can't
    be in a path."""
    found: dict[str, Path] = {}
    for model in models:
        name, sign, file = model.partition("=")
        is_named = bool(sign) and not is_url(model) and not Path(model).exists()
        path = check_reachable(parse_path(file if is_named else model))
        name = name if is_named else path.stem
        if not name or not name.isprintable() or set(name) & set("/:?#\\"):
            raise UsageError(
                f"'{name}' can't be the name of a model: give another one with NAME={path}"
            )
        if name in found:
            raise UsageError(
                f"two models are called '{name}': give one another name with NAME={path}"
            )
        found[name] = path
    return found


def read_token(file: Path | None) -> str | None:
    """The token in the file, or in the environment; None when there is none. Never on the command
    line, which everyone can read."""
    if file is None:
        return os.environ.get(TOKEN_VARIABLE) or None
    try:
        token = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeError) as error:
        raise UsageError(f"the token file '{file}' can't be read: {error}") from None
    if not token.isascii() or not token.isprintable() or " " in token or not token:
        raise UsageError(f"the token file '{file}' must hold one word of ASCII characters")
    return token
