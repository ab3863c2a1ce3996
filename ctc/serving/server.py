"""The HTTP server: its listening socket and the uvicorn server around the application."""

from __future__ import annotations

import logging
import math
import os
import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from ctc.errors import UsageError, reason
from ctc.reporting import counted
from ctc.serving.app import create_app
from ctc.serving.config import ServeConfig
from ctc.serving.http.connection import (
    MAX_HEADER_BYTES,
    ConnectionGuard,
    ConnectionMiddleware,
)
from ctc.serving.http.host_check import ANY_HOST
from ctc.serving.models.registry import LoadedModel
from ctc.serving.service import Service

KEEP_ALIVE_SECONDS = 20
STOP_MARGIN_SECONDS = 5.0
"""How long the threads may take to end after the grace of the requests."""

log = logging.getLogger(__name__)


def bind_socket(host: str, port: int) -> socket.socket:
    """Return a socket that is bound to the address and doesn't listen yet; port 0: any free port.

    Raises UsageError when the address is not available.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise UsageError(
            f"'{host}' is not an address of this machine: {reason(error)}: choose another --host"
        ) from None
    try:
        if os.name == "posix":  # elsewhere the port would be shared with another process
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except (OSError, OverflowError) as error:
        listener.close()
        raise UsageError(
            f"can't listen on '{host}' port {port}: {reason(error)}: choose another --port"
        ) from None
    return listener


def server_url(listener: socket.socket) -> str:
    """Return the URL for a browser."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def run(
    config: ServeConfig, listener: socket.socket, before_forced_exit: Callable[[int], None]
) -> None:
    """Serve until SIGINT or SIGTERM.

    The signal is raised again when all accepted requests were answered, or the shutdown timeout has
    passed. If a thread does not end soon after that, the process is ended, after a call of
    `before_forced_exit` with the exit code. Raises CtcError when a model can't be opened.
    """
    is_local = ip_address(listener.getsockname()[0]).is_loopback
    if not is_local and not config.allowed_hosts:
        config = replace(config, allowed_hosts=(ANY_HOST,))
    service = Service(config)
    for model in service.registry.all():
        _log_model(model)
    if not config.token and not is_local:
        log.warning(
            "the server is reachable from the network without authentication: "
            "set --token-file or --host 127.0.0.1"
        )
    server = create_server(service)
    server.before_forced_exit = before_forced_exit
    try:
        with server.capture_signals():  # also those that come before the event loop runs
            listener.listen()  # from here on connections wait instead of being refused
            log.info("serving on %s", server_url(listener))
            server.run(sockets=[listener])
    finally:
        if service.registry.is_closed:
            server.disarm()


class Server(uvicorn.Server):
    """A uvicorn server that ends its process when it can't stop.

    A thread that decodes or computes can't be stopped from outside, and Python waits for it.
    """

    def __init__(self, config: uvicorn.Config, shutdown_timeout: float) -> None:
        super().__init__(config)
        self.before_forced_exit: Callable[[int], None] = lambda code: None
        self._seconds = shutdown_timeout + STOP_MARGIN_SECONDS
        self._last_resort: threading.Timer | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Start to stop on a signal, and start the timer of the forced exit."""
        super().handle_exit(sig, frame)
        if self._last_resort is None:
            self._last_resort = threading.Timer(self._seconds, self._force_exit, [128 + sig])
            self._last_resort.daemon = True
            self._last_resort.start()

    def disarm(self) -> None:
        """Stop the timer: all threads have ended."""
        if self._last_resort:
            self._last_resort.cancel()

    def _force_exit(self, code: int) -> None:
        log.error(
            "a photo or a network still computes %g s after the signal: ending the process",
            self._seconds,
        )
        logging.shutdown()
        self.before_forced_exit(code)
        os._exit(code)


def create_server(service: Service) -> Server:
    """Return the uvicorn server of a service."""
    return server_around(
        lambda is_stopping: create_app(service, is_stopping), service.config.limits.shutdown_timeout
    )


def server_around(
    make_app: Callable[[Callable[[], bool]], ASGIApp], shutdown_timeout: float
) -> Server:
    """Return a uvicorn server with limits on connections, headers and shutdown.

    `make_app` gets a function that tells whether the server has been asked to stop.
    `shutdown_timeout`: seconds for requests in progress when the server is stopped.
    """
    app = ConnectionMiddleware(make_app(lambda: server.should_exit))
    server = Server(
        uvicorn.Config(
            app,
            http=ConnectionGuard,
            ws="none",
            loop="asyncio",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=math.ceil(shutdown_timeout),
            h11_max_incomplete_event_size=MAX_HEADER_BYTES,
        ),
        shutdown_timeout,
    )
    return server


def _log_model(model: LoadedModel) -> None:
    labels = ", ".join(
        f"{label}: {counted(len(classes), 'class', 'classes')}"
        for label, classes in model.schema.labels.items()
    )
    provider = model.runtime_model.runtime.provider
    log.info("model '%s' (%s) runs on '%s'", model.name, labels, provider)
    for note in model.notes:
        log.info("model '%s': %s", model.name, note)
