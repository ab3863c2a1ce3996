"""The HTTP server around the application: where it listens, and how it ends."""

from __future__ import annotations

import logging
import math
import os
import socket
from ipaddress import ip_address

import uvicorn

from ctc.errors import UsageError
from ctc.serving.app import create_app
from ctc.serving.config import ServeConfig
from ctc.serving.http.connection import TimeoutProtocol
from ctc.serving.service import Service

KEEP_ALIVE_SECONDS = 20
MAX_HEADER_BYTES = 32 * 1024

log = logging.getLogger(__name__)


def bind_socket(host: str, port: int) -> socket.socket:
    """A socket that has the address, and listens when the server runs; port 0: any that is free.
    Raises UsageError when it can't be had."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise UsageError(
            f"'{host}' is no address of this machine: {error.strerror or error}"
        ) from None
    try:
        if os.name == "posix":  # elsewhere it would share the port with whoever has it
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except (OSError, OverflowError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(
            f"'{host}' port {port} can't be listened on: {reason.lower()}: choose another --port"
        ) from None
    return listener


def server_url(listener: socket.socket) -> str:
    """Where a browser finds the server."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def run(config: ServeConfig, listener: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM, which is raised again when everything that was taken has been
    answered, or given up after the grace. Raises CtcError when a model can't be opened."""
    service = Service(config)
    for served in service.registry.all():
        labels = ", ".join(
            f"{label}: {len(classes)} classes"
            for label, classes in served.postprocessor.labels.items()
        )
        log.info(
            "model '%s' (%s) runs on '%s'",
            served.name,
            labels,
            served.runtime_model.runtime.provider,
        )
        for note in served.postprocessor.notes:
            log.info("model '%s': %s", served.name, note)
    if not config.token and not ip_address(listener.getsockname()[0]).is_loopback:
        log.warning(
            "whoever reaches this machine can use the server: ask for a token, or listen on 127.0.0.1"
        )
    listener.listen()  # from here on connections wait for the server instead of being refused
    log.info("serving on %s", server_url(listener))
    create_server(service).run(sockets=[listener])


def create_server(service: Service) -> uvicorn.Server:
    """uvicorn with what bounds it."""
    return uvicorn.Server(
        uvicorn.Config(
            create_app(service),
            http=TimeoutProtocol,
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
