"""The command `ctc serve`."""

from __future__ import annotations

import logging
from typing import Any, NoReturn

import click

from ctc.cli.commands.serve.options import serve_options, to_config
from ctc.cli.console.console import JsonLogHandler, close_json_log, verbosity_options
from ctc.cli.options.plugin import AGGREGATIONS, command_with
from ctc.cli.registry import INTERRUPTED, TERMINATED
from ctc.cli.signals import Terminated
from ctc.errors import CtcError, require_extra

log = logging.getLogger("ctc.serving")

REQUIRED_PACKAGES = ("prometheus_client", "python_multipart", "starlette", "uvicorn")


@click.command(cls=command_with(AGGREGATIONS), epilog="Example: ctc serve model.onnx --port 8000")
@click.argument("models", nargs=-1, required=True, metavar="MODEL...")
@serve_options
def command(host: str, port: int, log_format: str, **options: Any) -> None:
    """Serve models over HTTP: a web page, and the APIs of TensorFlow Serving and KServe.

    A MODEL is a file from `ctc export`, served under its file name without .onnx, or NAME=FILE. A
    file that changes is reloaded. Ctrl-C or SIGTERM stops the server after the requests in progress
    are answered.
    """
    require_extra("ctc serve", "cpu,serve", REQUIRED_PACKAGES)
    from ctc.serving.http.logging_setup import log_to_stderr
    from ctc.serving.server import bind_socket, run

    as_json, quiet = log_format == "json", "--quiet" in verbosity_options()
    with log_to_stderr(as_json, quiet, extra_handler=JsonLogHandler()):
        try:
            config = to_config(options)
            with bind_socket(host, port) as listener:
                run(config, listener, close_json_log)
        except Terminated:
            _exit(TERMINATED, "terminated")
        except KeyboardInterrupt:
            _exit(INTERRUPTED, "interrupted")
        except CtcError as error:
            if not as_json:
                raise
            log.error("%s", error)
            click.get_current_context().exit(error.exit_code)


def _exit(code: int, word: str) -> NoReturn:
    """Exit after a signal, which is how a server is stopped: no error."""
    log.info("stopped: %s", word)
    click.get_current_context().exit(code)
