"""The HTTP server of a review."""

from __future__ import annotations

import logging
import socket
import threading
import webbrowser
from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address

from ctc.artifacts.review.store import ReviewStore
from ctc.review.app.application import create_app
from ctc.review.app.config import ReviewConfig
from ctc.review.app.service import LIMITS, ReviewService
from ctc.serving.http.host_check import ANY_HOST
from ctc.serving.server import server_around, server_url

log = logging.getLogger("ctc.serving")


def run(
    store: ReviewStore,
    config: ReviewConfig,
    listener: socket.socket,
    before_forced_exit: Callable[[int], None],
    open_browser: bool = False,
) -> None:
    """Serve the page until SIGINT or SIGTERM; see `ctc.serving.server.run`.

    `open_browser`: show the page to whoever runs this.
    """
    is_local = ip_address(listener.getsockname()[0]).is_loopback
    if not is_local and not config.allowed_hosts:
        config = replace(config, allowed_hosts=(ANY_HOST,))
    if not config.tokens and not is_local:
        log.warning(
            "everyone in the network can answer as '%s': set --token-file or --host 127.0.0.1",
            config.reviewer.name,
        )
    service = ReviewService(store, config)
    server = server_around(
        lambda is_stopping: create_app(service, is_stopping), LIMITS.shutdown_timeout
    )
    server.before_forced_exit = before_forced_exit
    try:
        with server.capture_signals():
            listener.listen()
            url = server_url(listener)
            log.info("reviewing on %s", url)
            if open_browser:
                threading.Thread(target=webbrowser.open, args=[url], daemon=True).start()
            server.run(sockets=[listener])
    finally:
        server.disarm()
