"""Weights that Keras would download, on a machine without internet access."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ctc.errors import UsageError
from ctc.plugin import Backbone
from ctc.plugin.manager import plugins

pytestmark = [pytest.mark.subprocess, pytest.mark.slow]

BUILD = """
from ctc.errors import CtcError
from ctc.plugin import Backbone
from ctc.plugin.manager import plugins
from ctc_plugins.backbones import imagenet
imagenet.DOWNLOAD_TIMEOUT = 0.5
try:
    plugins().get(Backbone, "{name}").pretrained[0].build({shape})
except CtcError as error:
    raise SystemExit(str(error)) from None
"""


def build(
    name: str, shape: tuple[int, int, int], proxy: str, home: Path
) -> subprocess.CompletedProcess[str]:
    """Build in a process that has no cached weights and whose only way out is `proxy`."""
    environ = os.environ | {
        "KERAS_HOME": str(home),
        "https_proxy": proxy,
        "no_proxy": "",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    code = BUILD.format(name=name, shape=shape)
    return subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, timeout=300
    )


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    """A server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def test_imagenet_weights_without_internet_name_file_and_remedy(tmp_path) -> None:
    done = build("mobilenet_v3_small", (48, 64, 3), "http://127.0.0.1:9", tmp_path)
    message = done.stderr.splitlines()[-1]
    assert (done.returncode, done.stdout) == (1, "")
    assert message.startswith(
        "the ImageNet weights of 'mobilenet_v3_small' can't be downloaded (URL fetch failure on https://"
    )
    assert (
        "refused): copy that file from a machine with internet access to Keras's folder, "
        f"'{tmp_path / 'models'}', or" in message
    )
    assert message.endswith("or give your own weights with --weights FILE")


def test_imagenet_weights_download_times_out(listening, tmp_path) -> None:
    done = build(
        "convnext_tiny", (64, 64, 3), f"http://127.0.0.1:{listening.getsockname()[1]}", tmp_path
    )
    message = done.stderr.splitlines()[-1]
    assert message.startswith("the ImageNet weights of 'convnext_tiny' can't be downloaded (")
    assert "timed out" in message


def test_imagenet_weights_reject_small_images_without_download() -> None:
    with pytest.raises(UsageError, match="'xception' needs images of at least 71×71 px, not 70×71"):
        plugins().get(Backbone, "xception").pretrained[0].build((70, 71, 3))
