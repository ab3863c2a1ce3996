"""Options of `ctc serve`, and the configuration that is built from them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ctc.cli.options.boxes import BOXES, DETECTOR, pop_boxes, require_detector
from ctc.cli.options.clips import CLIPS, pop_frames
from ctc.cli.options.inference import (
    AGGREGATION,
    CLASS_LIST,
    PRECISION,
    PROVIDER,
    STRANGERS,
    THRESHOLD,
    batch_size_option,
    pop_runtime,
    threads_option,
)
from ctc.cli.options.option import Decorator, apply_options, option
from ctc.cli.options.server import ALLOWED_HOST, HOST, PORT
from ctc.cli.options.values.paths import PATH
from ctc.cli.registry import TOKEN_VARIABLE
from ctc.errors import UsageError, reason
from ctc.storage.paths import is_url, parse_path
from ctc.storage.remote_files import check_reachable

if TYPE_CHECKING:
    from ctc.serving.config import ServeConfig

_MB, _MEGAPIXELS = 1_000_000, 1_000_000


def _number_option(name: str, default: float, text: str, *, zero: bool = False) -> Decorator:
    limit = click.FloatRange(0, min_open=not zero)
    return option(f"--{name}", type=limit, default=default, help=text)


def _count_option(name: str, default: int, text: str) -> Decorator:
    return option(f"--{name}", type=click.IntRange(1), default=default, help=text)


_SERVER = (
    HOST,
    PORT,
    ALLOWED_HOST,
    option(
        "--token-file",
        type=PATH,
        metavar="FILE",
        show_default=f"${TOKEN_VARIABLE}",
        help="File with the bearer token that requests must send.",
    ),
)
_STORE = option(
    "--store",
    type=PATH,
    metavar="FILE",
    help="Keep the corrections of the page in this file of `ctc review`, which is made if it is not"
    " there.  [default: the page keeps them until it is closed]",
)
_MODEL = (
    AGGREGATION,
    THRESHOLD,
    STRANGERS,
    CLASS_LIST,
    PROVIDER,
    PRECISION,
    threads_option("all"),
    batch_size_option("Largest batch, over all requests; auto benchmarks sizes at the start."),
    _number_option(
        "batch-wait", 5, "Milliseconds that a photo may wait for its batch to fill.", zero=True
    ),
    option(
        "--truncated",
        type=click.Choice(["fail", "use"]),
        default="fail",
        help="How to treat truncated JPEGs and clips: they fail, or are used; the missing part of a"
        " JPEG is grey then.",
    ),
)
_LIMITS = (
    _count_option("max-photos", 128, "Photos per request; each frame of a clip counts."),
    _number_option("max-body", 64, "Megabytes per request."),
    _number_option("max-held", 512, "Megabytes of all requests in progress."),
    _number_option("max-pixels", 100, "Megapixels per photo or frame."),
    _count_option("queue", 256, "Photos that may wait or be in progress; more get status 429."),
    _number_option("timeout", 60, "Seconds for a request to arrive, and again to be answered."),
    _number_option("grace", 30, "Seconds that requests in progress get when the server stops."),
    _number_option(
        "reload", 2, "Seconds between checks for changed model files; 0 for none.", zero=True
    ),
    option(
        "--log-format",
        type=click.Choice(["plain", "json"]),
        default="plain",
        help="Format of the log on stderr.",
    ),
)

serve_options = apply_options((*_SERVER, _STORE, *_MODEL, *CLIPS, DETECTOR, *BOXES, *_LIMITS))


def to_config(options: dict[str, Any]) -> ServeConfig:
    """Build the configuration.

    Raises CtcError for options that exclude each other, and for a token that can't be used.
    """
    from ctc.hardware import usable_cores
    from ctc.plugin import Aggregation
    from ctc.plugin.manager import plugins
    from ctc.plugin.option_values import bind_options
    from ctc.serving.config import Limits, ServeConfig

    take = options.pop
    require_detector(options)
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
            f"--max-photos {limits.max_photos} is more than --queue {limits.max_queued_photos}: "
            "such a request would never fit"
        )
    if limits.max_body_bytes > limits.max_inflight_bytes:
        raise UsageError("--max-body is more than --max-held: such a request would never fit")
    return ServeConfig(
        models=parse_models(take("models")),
        aggregation=bind_options(
            plugins().get(Aggregation, take("aggregation")), take("aggregation_options")
        ),
        limits=limits,
        frames=pop_frames(options),
        **pop_boxes(options),
        runtime=pop_runtime(options, usable_cores()),
        max_batch_wait=take("batch_wait") / 1000,
        poll_interval=take("reload"),
        token=read_token(take("token_file")),
        **options,
    )


def parse_models(models: Sequence[str]) -> dict[str, Path]:
    """Return the file of each model by its name, from words FILE and NAME=FILE.

    Raises UsageError for a name that comes twice or can't be part of a URL's path.
    """
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
    """Return the token from the file or the environment, or None.

    There is no option for the token itself: every user of a machine can read command lines.
    """
    if file is None:
        if TOKEN_VARIABLE not in os.environ:
            return None
        source, token = f"the variable {TOKEN_VARIABLE}", os.environ[TOKEN_VARIABLE].strip()
        remedy = ": set it, or unset the variable to serve without a token"
    else:
        source, remedy = f"the token file '{file}'", ""
        try:
            token = file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeError) as error:
            raise UsageError(f"{source} can't be read: {reason(error)}") from None
    if not token.isascii() or not token.isprintable() or " " in token or not token:
        raise UsageError(f"{source} must hold one word of ASCII characters{remedy}")
    return token
