"""Health check of a container: `python -m ctc.serving.health_check`.

Where `ctc serve` runs, it asks each server for /healthz; a container that runs another command is
healthy as long as Python starts. The servers and their ports are found among the processes, so the
check needs no options.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from ipaddress import ip_address
from pathlib import PurePath

import psutil

TIMEOUT = 5.0
"""Seconds for an answer."""
_HEALTHY, _UNHEALTHY = 0, 1
_SERVER_ERROR = 500


def main() -> int:
    """Return 0 if each running server answers, or none runs; 1 otherwise, with a line on stderr."""
    for process in _serve_processes():
        problem = _check(process)
        if problem:
            print(f"ctc serve, process {process.pid}: {problem}", file=sys.stderr)
            return _UNHEALTHY
    return _HEALTHY


def is_serve_command(words: list[str]) -> bool:
    """Return whether a command line is that of `ctc serve`, `python -m ctc serve` or the like."""
    if "serve" not in words:
        return False
    before = words[: words.index("serve")]
    return any(PurePath(word).stem == "ctc" for word in before)


def _serve_processes() -> Iterator[psutil.Process]:
    for process in psutil.process_iter(["cmdline"]):
        if is_serve_command(process.info["cmdline"] or []):
            yield process


def _check(process: psutil.Process) -> str:
    """Return what is wrong with a server, '' if it answers."""
    try:
        listening = [
            connection.laddr
            for connection in process.net_connections("tcp")
            if connection.status == psutil.CONN_LISTEN
        ]
    except (psutil.NoSuchProcess, psutil.AccessDenied):  # it ended, or is another user's
        return ""
    if not listening:
        return "it does not listen yet"
    return next(filter(None, (_ask(host, port) for host, port in listening)), "")


def _ask(host: str, port: int) -> str:
    address = ip_address(host)
    if address.is_unspecified:
        host = "127.0.0.1" if address.version == 4 else "::1"
    connection = HTTPConnection(host, port, timeout=TIMEOUT)
    try:
        connection.request("GET", "/healthz", headers={"Host": "localhost"})
        status = connection.getresponse().status
    except OSError as error:
        return f"port {port} does not answer: {error or 'no response'}"
    finally:
        connection.close()
    return f"/healthz has status {status}" if status >= _SERVER_ERROR else ""


if __name__ == "__main__":
    sys.exit(main())
