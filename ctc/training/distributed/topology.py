"""Several devices of a host, and several hosts: `keras.distribution.DataParallel`, which Keras has
on JAX. Importing this module imports neither.

Each host runs the same command with its own --host-index. All of them see the dataset and the run
folder; host 0 writes, and each reads its part of the photos."""

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

from ctc.errors import CtcError, MissingExtraError, UsageError
from ctc.training.distributed.backend import LOG_LEVEL, QUIET, native_stdout_to_stderr

BACKEND = "KERAS_BACKEND"
JAX = "jax"
INIT_TIMEOUT = 300
SHUTDOWN_TIMEOUT = 60
_CONNECTION_ERROR_MARKERS = (
    "Gloo",
    "NCCL",
)  # said by what carries numbers between hosts: of CPUs, of NVIDIA GPUs


@dataclass(frozen=True)
class Topology:
    """`devices_per_host` devices on each of `hosts`, this one being number `index`; `coordinator`:
    HOST:PORT of number 0, where all meet."""

    devices_per_host: int = 1
    hosts: int = 1
    index: int = 0
    coordinator: str | None = None

    @property
    def device_count(self) -> int:
        return self.devices_per_host * self.hosts

    @property
    def is_main(self) -> bool:
        """Whether this is the host that writes."""
        return self.index == 0

    def check(self) -> None:
        """Raise UsageError when the numbers make no sense, or Keras is to use another library than
        JAX."""
        if not 0 <= self.index < self.hosts:
            raise UsageError(
                f"--host-index {self.index}: with --hosts {self.hosts} it goes from 0 to {self.hosts - 1}"
            )
        if self.hosts > 1 and not (self.coordinator or "").rpartition(":")[2].isdecimal():
            raise UsageError(
                f"--hosts {self.hosts} needs --coordinator HOST:PORT, an address of host 0, on each of them"
            )
        if self.device_count > 1 and os.environ.get(BACKEND) != JAX:
            raise UsageError(
                f"--devices and --hosts need JAX: set {BACKEND}={JAX} in the environment"
            )

    @contextmanager
    def initialize(self) -> Iterator[None]:
        """The other hosts are there in the block, which has to begin before anything is computed.

        Raises MissingExtraError without JAX, and CtcError when they don't come within
        MEETING_SECONDS, or one of them ends."""
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
                    f"host {self.index} lost another one, which has ended or can't be reached: see what that one says, and start "
                    "all of them again with --resume"
                ) from error
            raise

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Networks made in the block compute on all of them, each on its part of a batch. Raises
        UsageError when there are fewer."""
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
        """From now on this host computes alone, and may end when it likes."""
        if self.hosts > 1:
            import jax
            import keras

            self.barrier()
            keras.distribution.set_distribution(None)
            jax.distributed.shutdown()

    def barrier(self) -> None:
        """Return when every host has come here."""
        self.all_gather(np.zeros(1))

    def all_gather(self, values: Any) -> NDArray[Any]:
        """(hosts, …): the `values` of each host, which come here all with the same shape."""
        if self.hosts == 1:
            return np.asarray(values)[None]
        from jax.experimental import multihost_utils

        return np.asarray(multihost_utils.process_allgather(np.asarray(values)))

    def _initialize_jax(self) -> None:
        """In a thread, as JAX can't wait without ending the process when nobody comes."""
        os.environ.setdefault(LOG_LEVEL, QUIET)  # or JAX sets it when imported
        try:
            import jax
        except ModuleNotFoundError:
            raise MissingExtraError("training on several hosts", JAX) from None
        jax.config.update("jax_enable_preemption_service", False)  # SIGTERM is ours
        failed: list[Exception] = []

        def meet() -> None:
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

        meeting = threading.Thread(target=meet, name="ctc-meeting", daemon=True)
        meeting.start()
        meeting.join(INIT_TIMEOUT)
        if failed or meeting.is_alive():
            reason = (
                f": {getattr(failed[0], 'strerror', None) or failed[0]}"
                if failed
                else f" within {INIT_TIMEOUT} s"
            )
            raise CtcError(
                f"host {self.index} of {self.hosts} didn't meet the others at '{self.coordinator}'{reason}; start the same command on "
                "each host, and let that be a free port of host 0 that all can reach"
            )

    def _check_port(self) -> None:
        """JAX crashes where it can't listen; raises OSError instead. It listens at all addresses of
        this host."""
        port = int(str(self.coordinator).rpartition(":")[2])
        with socket.create_server(("", port)):
            pass

    def _device_names(self) -> list[str]:
        """As Keras calls them, such as `gpu:0`; numbers go through all hosts."""
        import jax

        names = []
        for host in range(self.hosts):
            there = [device for device in jax.devices() if device.process_index == host]
            if len(there) < self.devices_per_host:
                raise UsageError(
                    f"--devices {self.devices_per_host} is more than host {host} has, which is {len(there)}"
                )
            names += [f"{device.platform}:{device.id}" for device in there[: self.devices_per_host]]
        return names


def _exit_now(code: int) -> None:
    """JAX would wait for the other hosts until it loses patience, and abort."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
