"""Worker pool on a Ray cluster: actors that open the task once and process one part at a time.

Ray can restart a dead actor by itself, but only when there is room for it, and its parts would wait
for that. Here they go to any free worker, and the new actor joins when there is room: a node that
is lost for good blocks nothing, and one that is added helps.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any, NamedTuple

from ctc.errors import CtcError, InputError, UsageError
from ctc.plugin import Task
from ctc.reporting import counted

QUEUE_PER_WORKER = 2
"""Parts submitted to a worker at a time: one in progress, and one so that it never waits."""
MAX_FAILURES = 3
"""Worker deaths by the same part, or while opening the task, after which the run ends."""
WAIT_TIMEOUT = 60.0
"""Seconds without any worker after which a warning is logged."""

log = logging.getLogger("ctc.engines.ray")


class WorkerResources(NamedTuple):
    """Resources of one worker: CPU cores and GPUs."""

    cores: int
    gpus: float

    def __str__(self) -> str:
        gpus = f" and {self.gpus:g} {'GPU' if self.gpus == 1 else 'GPUs'}" if self.gpus else ""
        return counted(self.cores, "free core") + gpus

    def count_fitting(self, resources: Mapping[str, float]) -> int:
        """Return how many workers fit on a machine with these Ray resources."""
        by_gpu = [int(resources.get("GPU", 0) / self.gpus)] if self.gpus else []
        return min([int(resources.get("CPU", 0) / self.cores), *by_gpu])


class SerializedError(NamedTuple):
    """Error for the user in a form that can be sent back: Python can't unpickle every error."""

    message: str
    is_usage_error: bool

    def to_exception(self) -> CtcError:
        """Return the UsageError or InputError with this message."""
        return UsageError(self.message) if self.is_usage_error else InputError(self.message)


class WorkerActor:
    """Ray actor that runs in a worker's process."""

    def __init__(self, task: Task) -> None:
        self._task = task

    def open(self) -> Any:
        """Open the task; return None or the error."""

        def load() -> None:
            self._process = self._task.open()

        return _capture_error(load)

    def run_part(self, part: Any) -> Any:
        """Process a part; return its result or the error."""
        return _capture_error(lambda: self._process(part))


def _capture_error(function: Callable[[], Any]) -> Any:
    try:
        return function()
    except CtcError as error:
        return SerializedError(str(error), isinstance(error, UsageError))
    except OSError as error:
        return error


@dataclass(eq=False)
class _QueuedPart:
    part: Any
    failures: int = 0


@dataclass(eq=False)
class _Worker:
    """Started actor with the parts submitted to it, by Ray's reference to each result, in order."""

    actor: Any
    submitted: dict[Any, _QueuedPart] = field(default_factory=dict)


class WorkerPool:
    """Pool of up to `size` workers; they start as parts need them and stop with `close`."""

    def __init__(self, task: Task, resources: WorkerResources, size: int) -> None:
        self._task, self._resources, self._size = task, resources, size
        self._starting: dict[Any, _Worker] = {}
        self._workers: list[_Worker] = []
        self._pending: list[_QueuedPart] = []
        self._failed_starts = 0

    def map_unordered(self, parts: Iterator[Any]) -> Iterator[tuple[Any, Any]]:
        """Yield (part, result) for all parts as they finish."""
        import ray

        first = [_QueuedPart(part) for part in islice(parts, self._size)]
        for _ in first:
            self._start_worker()
        remaining = chain(first, map(_QueuedPart, parts))
        while self._dispatch(remaining):
            running = [
                *self._starting,
                *chain.from_iterable(worker.submitted for worker in self._workers),
            ]
            done, _ = ray.wait(running, timeout=WAIT_TIMEOUT)
            if not done and not self._workers:
                log.warning(
                    "no worker has started yet: the Ray cluster has no machine with %s",
                    self._resources,
                )
            for reference in done:
                if reference in self._starting:
                    self._handle_started(reference)
                else:
                    yield from self._handle_result(reference)

    def close(self) -> None:
        """Kill all workers, whatever they are doing."""
        import ray

        for worker in (*self._workers, *self._starting.values()):
            ray.kill(worker.actor)
        self._workers, self._starting = [], {}

    def _start_worker(self) -> None:
        import ray

        actor = (
            ray.remote(WorkerActor)
            .options(num_cpus=self._resources.cores, num_gpus=self._resources.gpus)
            .remote(self._task)
        )
        self._starting[actor.open.remote()] = _Worker(actor)

    def _dispatch(self, remaining: Iterator[_QueuedPart]) -> bool:
        """Submit parts until every worker's queue is full; return whether work remains."""
        for depth in range(QUEUE_PER_WORKER):
            for worker in [one for one in self._workers if len(one.submitted) == depth]:
                if self._has_pending(remaining) and self._can_accept(worker, self._pending[-1]):
                    task = self._pending.pop()
                    worker.submitted[worker.actor.run_part.remote(task.part)] = task
        return self._has_pending(remaining) or any(worker.submitted for worker in self._workers)

    def _has_pending(self, remaining: Iterator[_QueuedPart]) -> bool:
        if not self._pending:
            self._pending.extend(islice(remaining, 1))
        return bool(self._pending)

    def _can_accept(self, worker: _Worker, task: _QueuedPart) -> bool:
        """Return whether `task` may be submitted to a worker that may already have one.

        A part that a worker may have died of runs alone, so that it is clear whether the next
        worker dies of it too.
        """
        return not worker.submitted or not (
            task.failures or any(other.failures for other in worker.submitted.values())
        )

    def _handle_started(self, reference: Any) -> None:
        import ray

        worker = self._starting.pop(reference)
        try:
            _raise_if_error(ray.get(reference))
        except _death_errors() as error:
            self._failed_starts += 1
            if self._failed_starts == MAX_FAILURES:
                raise InputError(
                    f"{MAX_FAILURES} workers died while starting: {_death_reason(error)}"
                ) from error
            self._start_worker()
            return
        self._failed_starts = 0
        self._workers.append(worker)

    def _handle_result(self, reference: Any) -> Iterator[tuple[Any, Any]]:
        import ray

        worker = next((one for one in self._workers if reference in one.submitted), None)
        if worker is None:  # it has just died
            return
        try:
            result = _raise_if_error(ray.get(reference))
        except _death_errors() as error:
            self._handle_death(worker, error)
            return
        yield worker.submitted.pop(reference).part, result

    def _handle_death(self, worker: _Worker, error: Exception) -> None:
        """Requeue the parts of a dead worker and start another worker.

        It may have died of any of its parts: the result of the first may have been on its way.
        """
        import ray

        self._workers.remove(worker)
        ray.kill(worker.actor)  # it may be alive and only unreachable
        tasks = list(worker.submitted.values())
        for task in tasks:
            task.failures += 1
            if task.failures == MAX_FAILURES:
                raise InputError(
                    f"{MAX_FAILURES} workers died of {task.part}: {_death_reason(error)}"
                ) from error
        log.warning("a worker died and is replaced, its part done again: %s", tasks[0].part)
        self._pending += reversed(tasks)
        self._start_worker()


def _death_errors() -> tuple[type[Exception], ...]:
    from ray import exceptions

    return (
        exceptions.RayActorError,
        exceptions.OutOfMemoryError,
        exceptions.ObjectLostError,
        exceptions.WorkerCrashedError,
    )


def _raise_if_error(result: Any) -> Any:
    """Return the result, or raise it when it is an error."""
    if isinstance(result, SerializedError):
        raise result.to_exception()
    if isinstance(result, OSError):
        raise result
    return result


def _death_reason(error: Exception) -> str:
    """Return why Ray says that a worker died, without its advice."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    message = next(
        (line for line in lines if line.startswith("The actor is dead")), lines[0] if lines else ""
    )
    return message.split(". ")[0].rstrip(".") or type(error).__name__
