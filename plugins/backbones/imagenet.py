"""ImageNet weights, as Keras distributes them."""

from __future__ import annotations

import io
import os
import socket
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING

from ctc.errors import CtcError
from ctc.plugin import Pretrained

if TYPE_CHECKING:
    import keras

DOWNLOAD_TIMEOUT = 30.0
"""Seconds without data after which a download fails."""


@dataclass(frozen=True)
class Normalization:
    """Standardisation that belongs to pretrained weights.

    Pixels of 0–1 are standardised per channel R, G, B: minus `mean`, divided by `std`.
    """

    mean: tuple[float, float, float]
    std: tuple[float, float, float]


SYMMETRIC = Normalization((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
"""Pixels p of 0–255 become p / 127.5 − 1."""
SYMMETRIC_128 = Normalization((128 / 255, 128 / 255, 128 / 255), (128 / 255, 128 / 255, 128 / 255))
"""Pixels p of 0–255 become p / 128 − 1."""
IMAGENET_STATS = Normalization((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
"""Mean and standard deviation of ImageNet's channels."""


def imagenet_weights(
    backbone: str,
    normalization: Normalization,
    build: Callable[[tuple[int, int, int]], keras.Model],
) -> tuple[Pretrained, ...]:
    """Return the `pretrained` weights of a backbone; `build` lets Keras download them."""

    def build_with_weights(shape: tuple[int, int, int]) -> keras.Model:
        with _guard_download(backbone):
            return build(shape)

    return (Pretrained("imagenet", normalization.mean, normalization.std, build_with_weights),)


@contextmanager
def _guard_download(backbone: str) -> Iterator[None]:
    """Keep Keras's output off stdout, limit the wait, and turn a failure into a CtcError."""
    output = sys.stderr if sys.stderr.isatty() else io.StringIO()
    try:
        with (
            warnings.catch_warnings(),
            redirect_stdout(output),
            _socket_timeout(DOWNLOAD_TIMEOUT),
        ):
            # Keras warns when the input size is not ImageNet's
            warnings.simplefilter("ignore", UserWarning)
            yield
    except CtcError:
        raise
    # Keras raises a bare Exception, ValueError for a wrong checksum, OSError
    except Exception as error:
        cause = " ".join(str(error).split())
        raise CtcError(
            f"the ImageNet weights of '{backbone}' can't be downloaded ({cause}): "
            "copy that file from a machine with internet access to Keras's folder, "
            f"'{_weights_folder()}', or give your own weights with --weights FILE"
        ) from error


def _weights_folder() -> Path:
    """Return the folder where Keras looks for weights, as its `get_file` chooses it."""
    home = Path("~").expanduser()
    default = (home if os.access(home, os.W_OK) else Path("/tmp")) / ".keras"
    chosen = Path(os.environ.get("KERAS_HOME") or default).expanduser()
    if not os.access(chosen, os.W_OK):
        chosen = (Path("/tmp") if Path("/tmp").is_dir() else Path(gettempdir())) / ".keras"
    return chosen / "models"


@contextmanager
def _socket_timeout(seconds: float) -> Iterator[None]:
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
