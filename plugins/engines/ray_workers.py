"""The workers on a Ray cluster: actors that open the work once, and are handed one part after
another.

Ray could start a dead actor again by itself, but only if there is room for it, and its parts would
wait for that. Here they go to whoever is free, and the new actor joins when there is room: a node
that was lost for good holds nothing up, and one that is added helps."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any, NamedTuple

from ctc.errors import CtcError, InputError, UsageError
from ctc.plugin import Task

QUEUE_PER_WORKER = 2
"""Parts that a worker has at a time: one to do, and one so that it needn't wait for the next."""
MAX_FAILURES = 3
"""So many workers may die of a part, or while the work is opened."""
WAIT_TIMEOUT = 60.0
"""Seconds without any worker after which the user is told."""

log = logging.getLogger("ctc.engines.ray")


class WorkerResources(NamedTuple):
    """What a worker takes of a machine."""

    cores: int
    gpus: float

    def __str__(self) -> str:
        return f"{self.cores} free core(s)" + (f" and {self.gpus:g} GPU(s)" if self.gpus else "")

    def count_fitting(self, resources: Mapping[str, float]) -> int:
        """How many have room in a machine with these."""
        by_gpu = [int(resources.get("GPU", 0) / self.gpus)] if self.gpus else []
        return min([int(resources.get("CPU", 0) / self.cores), *by_gpu])


class SerializedError(NamedTuple):
    """What the user can mend, on its way back: Python can't unpickle every error."""

    message: str
    is_usage_error: bool

    def to_exception(self) -> CtcError:
        return UsageError(self.message) if self.is_usage_error else InputError(self.message)


class WorkerActor:
    """What runs in a worker's process."""

    def __init__(self, task: Task) -> None:
        self._task = task

    def open(self) -> Any:
        """None, or what went wrong."""

        def kept() -> None:
            self._do = self._task.open()

        return _capture_error(kept)

    def run_part(self, part: Any) -> Any:
        """The result of the part, or what went wrong."""
        return _capture_error(lambda: self._do(part))


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
    """`submitted`: what it was handed, in the order in which it does them, with Ray's reference to
    each result."""

    actor: Any
    submitted: dict[Any, _QueuedPart] = field(default_factory=dict)


class WorkerPool:
    """Up to `size` workers. They are hired as there are parts for them, and dismissed by
    `close`."""

    def __init__(self, task: Task, resources: WorkerResources, size: int) -> None:
        self._task, self._resources, self._size = task, resources, size
        self._starting: dict[Any, _Worker] = {}
        self._workers: list[_Worker] = []
        self._pending: list[_QueuedPart] = []
        self._failed_starts = 0

    def map_unordered(self, parts: Iterator[Any]) -> Iterator[tuple[Any, Any]]:
        """Have all parts done; yields (part, result) as they finish."""
        import ray

        first = [_QueuedPart(part) for part in islice(parts, self._size)]
        for _ in first:
            self._start_worker()
        left = chain(first, map(_QueuedPart, parts))
        while self._dispatch(left):
            under_way = [
                *self._starting,
                *chain.from_iterable(worker.submitted for worker in self._workers),
            ]
            done, _ = ray.wait(under_way, timeout=WAIT_TIMEOUT)
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
        """Dismiss all workers, whatever they do."""
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
        """Keep every worker busy; returns whether anything is still to be done."""
        for depth in range(QUEUE_PER_WORKER):
            for worker in [one for one in self._workers if len(one.submitted) == depth]:
                if self._has_pending(remaining) and self._can_accept(worker, self._pending[-1]):
                    task = self._pending.pop()
                    worker.submitted[worker.actor.do.remote(task.part)] = task
        return self._has_pending(remaining) or any(worker.submitted for worker in self._workers)

    def _has_pending(self, remaining: Iterator[_QueuedPart]) -> bool:
        if not self._pending:
            self._pending.extend(islice(remaining, 1))
        return bool(self._pending)

    def _can_accept(self, worker: _Worker, task: _QueuedPart) -> bool:
        """A part that a worker may have died of is done alone, so that it is known whether the next
        one dies of it."""
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
                    f"{MAX_FAILURES} workers died before they could begin: {_death_reason(error)}"
                ) from error
            self._start_worker()
            return
        self._failed_starts = 0
        self._workers.append(worker)

    def _handle_result(self, reference: Any) -> Iterator[tuple[Any, Any]]:
        import ray

        worker = next((one for one in self._workers if reference in one.submitted), None)
        if worker is None:  # it died a moment ago
            return
        try:
            result = _raise_if_error(ray.get(reference))
        except _death_errors() as error:
            self._handle_death(worker, error)
            return
        yield worker.submitted.pop(reference).part, result

    def _handle_death(self, worker: _Worker, error: Exception) -> None:
        """Its parts are for the others. It may have died of any: the result of the first may have
        been on its way."""
        import ray

        self._workers.remove(worker)
        ray.kill(worker.actor)  # it may be alive, only out of reach
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
    """The result; raises the error that it is."""
    if isinstance(result, SerializedError):
        raise result.to_exception()
    if isinstance(result, OSError):
        raise result
    return result


def _death_reason(error: Exception) -> str:
    """Why Ray says that a worker died, without its advice."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = next(
        (line for line in lines if line.startswith("The actor is dead")), lines[0] if lines else ""
    )
    return told.split(". ")[0].rstrip(".") or type(error).__name__
