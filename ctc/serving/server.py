"""The HTTP server: its listening socket and the uvicorn server around the application."""

from __future__ import annotations

import logging
import math
import os
import socket
from ipaddress import ip_address

import uvicorn

from ctc.errors import UsageError, reason
from ctc.serving.app import create_app
from ctc.serving.config import ServeConfig
from ctc.serving.http.connection import ConnectionGuard, ConnectionMiddleware
from ctc.serving.models.registry import LoadedModel
from ctc.serving.service import Service

KEEP_ALIVE_SECONDS = 20
MAX_HEADER_BYTES = 32 * 1024

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


def run(config: ServeConfig, listener: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM.

    The signal is raised again when all accepted requests were answered, or the shutdown timeout has
    passed. Raises CtcError when a model can't be opened.
    """
    service = Service(config)
    for model in service.registry.all():
        _log_model(model)
    if not config.token and not ip_address(listener.getsockname()[0]).is_loopback:
        log.warning(
            "the server is reachable from the network without authentication: "
            "set --token-file or --host 127.0.0.1"
        )
    listener.listen()  # from here on connections wait for the server instead of being refused
    log.info("serving on %s", server_url(listener))
    create_server(service).run(sockets=[listener])


def create_server(service: Service) -> uvicorn.Server:
    """Return a uvicorn server with limits on connections, headers and shutdown."""
    app = ConnectionMiddleware(create_app(service, lambda: server.should_exit))
    server = uvicorn.Server(
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
            timeout_graceful_shutdown=math.ceil(service.config.limits.shutdown_timeout),
            h11_max_incomplete_event_size=MAX_HEADER_BYTES,
        )
    )
    return server


def _log_model(model: LoadedModel) -> None:
    labels = ", ".join(
        f"{label}: {len(classes)} classes"
        for label, classes in model.postprocessor.schema.labels.items()
    )
    provider = model.runtime_model.runtime.provider
    log.info("model '%s' (%s) runs on '%s'", model.name, labels, provider)
    for note in model.postprocessor.notes:
        log.info("model '%s': %s", model.name, note)
