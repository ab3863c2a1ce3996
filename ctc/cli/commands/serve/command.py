"""ctc serve"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import click

from ctc.cli.commands.serve.options import serve_options, to_config
from ctc.cli.console.console import JsonLogHandler, verbosity_options
from ctc.errors import MissingExtraError

REQUIRED_PACKAGES = ("prometheus_client", "python_multipart", "starlette", "uvicorn")


@click.command(epilog="Example: ctc serve model.onnx --port 8000")
@click.argument("models", nargs=-1, required=True, metavar="MODEL...")
@serve_options
def command(host: str, port: int, log_format: str, **options: Any) -> None:
    """Answer over HTTP: a page for people, and the interfaces of TensorFlow Serving and KServe for
    programs.

    A MODEL is a file that `ctc export` wrote, served under its name without .onnx, or NAME=FILE. A
    file that changes is served anew. Stop the server with Ctrl-C or SIGTERM: it answers what it
    took, and leaves."""
    if not all(map(find_spec, REQUIRED_PACKAGES)):
        raise MissingExtraError("ctc serve", "cpu,serve")
    from ctc.serving.http.logging_setup import log_to_stderr
    from ctc.serving.server import bind_socket, run

    config = to_config(options)
    as_json, quiet = log_format == "json", "--quiet" in verbosity_options()
    with (
        bind_socket(host, port) as listener,
        log_to_stderr(as_json, quiet, extra_handler=JsonLogHandler()),
    ):
        run(config, listener)
