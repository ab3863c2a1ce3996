"""Engine `ray`: workers on all machines of a Ray cluster, https://docs.ray.io.

Only the task and its parts (paths) are sent to the workers. All machines must see the same files
under the same names.
"""

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

from ctc.errors import InputError, UsageError, reason
from ctc.plugin import Engine, Option, Task, hookimpl

from .ray_workers import WorkerPool, WorkerResources

OPTIONS = (
    Option(
        "ray-address",
        "Address of the cluster.  [default: RAY_ADDRESS, or a local cluster on this machine]",
        metavar="ADDRESS",
    ),
    Option(
        "ray-workers",
        "Number of workers, each with --threads cores.  "
        "[default: as many as the cluster has room for]",
        "integer",
        metavar="N",
    ),
    Option(
        "ray-gpus",
        "GPUs per worker; may be a fraction.  [default: 0]",
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
    """Return None, or the reason why Ray can't be used here."""
    return (
        None
        if find_spec("ray")
        else "Ray is not installed: pip install 'camera-trap-classifier[ray]'"
    )


def map_parts(
    task: Task, parts: Iterator[Any], options: Mapping[str, Any]
) -> Iterator[tuple[Any, Any]]:
    """Run the task on the cluster, see `ctc.plugin.Engine`; connects when the first part comes."""
    first = list(islice(parts, 1))
    if not first:
        return
    _connect(options["ray_address"])
    resources = WorkerResources(task.cores, options["ray_gpus"])
    size = options["ray_workers"] or _capacity(resources)
    with closing(WorkerPool(task, resources, size)) as pool:
        yield from pool.map_unordered(chain(first, parts))


def _connect(address: str | None) -> None:
    """Connect to the cluster, once per process.

    Ray's usage statistics are switched off, and stdout stays free for data.
    """
    import ray

    if ray.is_initialized():
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    target = address or os.environ.get("RAY_ADDRESS") or "local"
    try:
        _check_port(target)
        with _keep_sigterm_handler():
            ray.init(
                address=target, include_dashboard=False, log_to_driver=False, logging_level="ERROR"
            )
    except Exception as error:  # Ray raises bare RuntimeError and others
        raise InputError(f"no Ray cluster at '{target}': {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    """Return the reason without the advice that Ray adds on further lines."""
    lines = str(error).strip().splitlines()
    return reason(error if isinstance(error, OSError) or not lines else RuntimeError(lines[0]))


def _check_port(address: str) -> None:
    """Raise OSError when nobody listens at the address, which Ray needs minutes to find out."""
    host, _, port = address.rpartition("/")[2].rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host, int(port)), timeout=_CONNECT_TIMEOUT).close()


@contextmanager
def _keep_sigterm_handler() -> Iterator[None]:
    """Restore our SIGTERM handler, which Ray replaces."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, handler)


def _capacity(resources: WorkerResources) -> int:
    """Return how many workers fit on the machines that are alive.

    Raises UsageError when none fits.
    """
    import ray

    alive = (node for node in ray.nodes() if node["Alive"])
    capacity = sum(resources.count_fitting(node["Resources"]) for node in alive)
    if not capacity:
        raise UsageError(
            f"no machine of the Ray cluster has {resources}: ask for less with --threads or "
            "--ray-gpus, or set --ray-workers to wait for that number of workers"
        )
    return capacity
