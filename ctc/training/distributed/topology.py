"""Training on several devices and hosts, with `keras.distribution.DataParallel` on JAX.

Each host runs the same command with its own --host-index. All of them can access the dataset and
the run folder; host 0 writes, and each reads its shard of the photos. Importing this module imports
neither Keras nor JAX.
"""

from __future__ import annotations

import atexit
import os
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctc.errors import CtcError, MissingExtraError, UsageError, reason
from ctc.training.distributed.backend import LOG_LEVEL, QUIET, native_stdout_to_stderr

BACKEND = "KERAS_BACKEND"
JAX = "jax"
INIT_TIMEOUT = 300
SHUTDOWN_TIMEOUT = 60
# names of the libraries that connect hosts with CPUs and with NVIDIA GPUs, in their error messages
_CONNECTION_ERROR_MARKERS = ("Gloo", "NCCL")


@dataclass(frozen=True)
class Topology:
    """`devices_per_host` devices on each of `hosts` hosts, of which this is number `index`.

    `coordinator`: HOST:PORT of host 0, to which all hosts connect.
    """

    devices_per_host: int = 1
    hosts: int = 1
    index: int = 0
    coordinator: str | None = None

    @property
    def device_count(self) -> int:
        return self.devices_per_host * self.hosts

    @property
    def is_main(self) -> bool:
        """Whether this is the host that writes the run."""
        return self.index == 0

    def check(self) -> None:
        """Raise UsageError if the numbers are inconsistent, or the backend is not JAX."""
        if not 0 <= self.index < self.hosts:
            raise UsageError(
                f"--host-index {self.index} is out of range: "
                f"with --hosts {self.hosts} it is 0 to {self.hosts - 1}"
            )
        if self.hosts > 1 and not (self.coordinator or "").rpartition(":")[2].isdecimal():
            raise UsageError(
                f"--hosts {self.hosts} needs --coordinator HOST:PORT on each host: "
                "an address of host 0"
            )
        if self.device_count > 1 and os.environ.get(BACKEND) != JAX:
            raise UsageError(
                f"--devices and --hosts need JAX: set {BACKEND}={JAX} in the environment"
            )

    @contextmanager
    def initialize(self) -> Iterator[None]:
        """Connect to the other hosts for the block, which must begin before anything is computed.

        Raises MissingExtraError without JAX, and CtcError if they don't connect within INIT_TIMEOUT
        seconds, or one of them ends.
        """
        self.check()
        if self.hosts == 1:
            yield
            return
        try:
            with native_stdout_to_stderr():
                self._initialize_jax()
                yield
        except Exception as error:
            atexit.register(_exit_now, error.exit_code if isinstance(error, CtcError) else 1)
            if any(name in str(error) for name in _CONNECTION_ERROR_MARKERS):
                raise CtcError(
                    f"host {self.index} lost the connection to another host, which has ended or "
                    "can't be reached: see the messages there, and start all hosts again with "
                    "--resume"
                ) from error
            raise

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Distribute networks that are built in the block over all devices.

        Each device computes its part of a batch. Raises UsageError if there are fewer devices.
        """
        if self.device_count == 1:
            yield
            return
        from keras.distribution import DataParallel, set_distribution

        set_distribution(DataParallel(devices=self._device_names(), auto_shard_dataset=False))
        try:
            yield
        finally:
            set_distribution(None)

    def shutdown(self) -> None:
        """Disconnect: from now on this host computes alone, and may end at any time."""
        if self.hosts > 1:
            import jax
            import keras

            self.barrier()
            keras.distribution.set_distribution(None)
            jax.distributed.shutdown()

    def barrier(self) -> None:
        """Wait until every host calls this."""
        self.all_gather(np.zeros(1))

    def all_gather(self, values: Any) -> NDArray[Any]:
        """Return (hosts, …): the `values` of each host, which must have the same shape."""
        if self.hosts == 1:
            return np.asarray(values)[None]
        from jax.experimental import multihost_utils

        return np.asarray(multihost_utils.process_allgather(np.asarray(values)))

    def _initialize_jax(self) -> None:
        """Connect in a thread, because JAX ends the process if the connection times out."""
        os.environ.setdefault(LOG_LEVEL, QUIET)  # or JAX sets it when imported
        try:
            import jax
        except ModuleNotFoundError:
            raise MissingExtraError("training on several hosts", JAX) from None
        jax.config.update("jax_enable_preemption_service", False)  # it handles SIGTERM
        failed: list[Exception] = []

        def connect() -> None:
            try:
                if self.is_main:
                    self._check_port()
                jax.distributed.initialize(
                    self.coordinator,
                    self.hosts,
                    self.index,
                    initialization_timeout=2 * INIT_TIMEOUT,
                    shutdown_timeout_seconds=SHUTDOWN_TIMEOUT,
                )
            except (OSError, RuntimeError, ValueError) as error:
                failed.append(error)

        connecting = threading.Thread(target=connect, name="ctc-connect", daemon=True)
        connecting.start()
        connecting.join(INIT_TIMEOUT)
        if failed or connecting.is_alive():
            why = f": {reason(failed[0])}" if failed else f" within {INIT_TIMEOUT} s"
            raise CtcError(
                f"host {self.index} of {self.hosts} didn't connect to the others at "
                f"'{self.coordinator}'{why}; start the same command on each host, and choose a "
                "free port of host 0 that all hosts can reach"
            )

    def _check_port(self) -> None:
        """Raise OSError if JAX could not listen at the port, where it would crash.

        JAX listens at all addresses of this host.
        """
        port = int(str(self.coordinator).rpartition(":")[2])
        with socket.create_server(("", port)):
            pass

    def _device_names(self) -> list[str]:
        """Return Keras's names of the devices, such as `gpu:0`, numbered through all hosts."""
        import jax

        names = []
        for host in range(self.hosts):
            local = [device for device in jax.devices() if device.process_index == host]
            if len(local) < self.devices_per_host:
                raise UsageError(
                    f"--devices {self.devices_per_host} is more than host {host} has: {len(local)}"
                )
            names += [f"{device.platform}:{device.id}" for device in local[: self.devices_per_host]]
        return names


def _exit_now(code: int) -> None:
    """Exit without JAX's shutdown, which would wait for the other hosts and then abort."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
