"""The engine `ray`: workers on all machines of a Ray cluster, https://docs.ray.io.

What travels to them is the work, and parts: paths. The machines see the same files under the same
names."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from importlib.util import find_spec
from itertools import chain, islice
from typing import Any

from ctc.errors import InputError, UsageError
from ctc.plugin import Engine, Option, Task, hookimpl

from .ray_workers import WorkerPool, WorkerResources

OPTIONS = (
    Option(
        "ray-address",
        "Address of the cluster.  [default: RAY_ADDRESS, or a cluster of this machine alone]",
        metavar="ADDRESS",
    ),
    Option(
        "ray-workers",
        "How many workers there shall be, each with --threads cores.  [default: as many as the cluster has room for]",
        "integer",
        metavar="N",
    ),
    Option(
        "ray-gpus",
        "GPUs of each worker; it may be a fraction.  [default: 0]",
        "number",
        metavar="N",
        default=0.0,
    ),
)

_CONNECT_TIMEOUT = 10.0


@hookimpl
def ctc_engines() -> list[Engine]:
    return [
        Engine(
            "ray", "the machines of a Ray cluster", available, map_parts, cores=1, options=OPTIONS
        )
    ]


def available() -> str | None:
    return (
        None
        if find_spec("ray")
        else "Ray is not installed: pip install 'camera-trap-classifier[ray]'"
    )


def map_parts(
    task: Task, parts: Iterator[Any], options: Mapping[str, Any]
) -> Iterator[tuple[Any, Any]]:
    """See `ctc.plugin.Engine`; the cluster is not asked when there is no part."""
    first = list(islice(parts, 1))
    if not first:
        return
    _connect(options["ray_address"])
    place = WorkerResources(task.cores, options["ray_gpus"])
    with closing(WorkerPool(task, place, options["ray_workers"] or _capacity(place))) as crew:
        yield from crew.map_unordered(chain(first, parts))


def _connect(address: str | None) -> None:
    """Once for the whole process. Nothing is sent to Ray's makers, and stdout stays for data."""
    import ray

    if ray.is_initialized():
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    place = address or os.environ.get("RAY_ADDRESS") or "local"
    try:
        _check_port(place)
        with _keep_sigterm_handler():
            ray.init(
                address=place, include_dashboard=False, log_to_driver=False, logging_level="ERROR"
            )
    except Exception as error:  # Ray's own have no class of their own
        reason = (
            getattr(error, "strerror", None)
            or (str(error).strip().splitlines() or [type(error).__name__])[0]
        )
        raise InputError(
            f"there is no Ray cluster at '{place}': {reason.lower().rstrip('.')}"
        ) from error


def _check_port(address: str) -> None:
    """Raises OSError where nobody listens, which would cost Ray minutes to find out."""
    host, _, port = address.rpartition("/")[2].rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host, int(port)), timeout=_CONNECT_TIMEOUT).close()


@contextmanager
def _keep_sigterm_handler() -> Iterator[None]:
    """Ray puts a handler of its own in place of ours."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, handler)


def _capacity(resources: WorkerResources) -> int:
    """How many workers the machines that are there now can hold; raises UsageError when it is
    none."""
    import ray

    room = sum(resources.count_fitting(node["Resources"]) for node in ray.nodes() if node["Alive"])
    if not room:
        raise UsageError(
            f"no machine of the Ray cluster has {resources}: ask for less with --threads or --ray-gpus, or say with --ray-workers how many "
            "workers to wait for"
        )
    return room
