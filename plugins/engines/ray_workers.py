"""The workers on a Ray cluster: actors that open the work once, and are handed one part after another.

Ray could start a dead actor again by itself, but only if there is room for it, and its parts would wait for that. Here they go to
whoever is free, and the new actor joins when there is room: a node that was lost for good holds nothing up, and one that is added helps.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any, NamedTuple

from ctc.errors import CtcError, InputError, UsageError
from ctc.plugin import Work

AHEAD = 2
"""Parts that a worker has at a time: one to do, and one so that it needn't wait for the next."""
STRIKES = 3
"""So many workers may die of a part, or while the work is opened."""
PATIENCE = 60.0
"""Seconds without any worker after which the user is told."""

log = logging.getLogger("ctc.engines.ray")


class Place(NamedTuple):
    """What a worker takes of a machine."""

    cores: int
    gpus: float

    def __str__(self) -> str:
        return f"{self.cores} free core(s)" + (f" and {self.gpus:g} GPU(s)" if self.gpus else "")

    def times_in(self, resources: Mapping[str, float]) -> int:
        """How many have room in a machine with these."""
        by_gpu = [int(resources.get("GPU", 0) / self.gpus)] if self.gpus else []
        return min([int(resources.get("CPU", 0) / self.cores), *by_gpu])


class Refusal(NamedTuple):
    """What the user can mend, on its way back: Python can't unpickle every error."""

    message: str
    of_usage: bool

    def as_error(self) -> CtcError:
        return UsageError(self.message) if self.of_usage else InputError(self.message)


class Actor:
    """What runs in a worker's process."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def open(self) -> Any:
        """None, or what went wrong."""

        def kept() -> None:
            self._do = self._work.open()

        return _attempt(kept)

    def do(self, part: Any) -> Any:
        """The result of the part, or what went wrong."""
        return _attempt(lambda: self._do(part))


def _attempt(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except CtcError as error:
        return Refusal(str(error), isinstance(error, UsageError))
    except OSError as error:
        return error


@dataclass(eq=False)
class _Task:
    part: Any
    strikes: int = 0


@dataclass(eq=False)
class _Worker:
    """`tasks`: what it was handed, in the order in which it does them, with Ray's reference to each result."""

    actor: Any
    tasks: dict[Any, _Task] = field(default_factory=dict)


class Crew:
    """Up to `size` workers. They are hired as there are parts for them, and dismissed by `close`."""

    def __init__(self, work: Work, place: Place, size: int) -> None:
        self._work, self._place, self._size = work, place, size
        self._opening: dict[Any, _Worker] = {}
        self._workers: list[_Worker] = []
        self._waiting: list[_Task] = []
        self._failed_openings = 0

    def do(self, parts: Iterator[Any]) -> Iterator[tuple[Any, Any]]:
        """Have all parts done; yields (part, result) as they finish."""
        import ray

        first = [_Task(part) for part in islice(parts, self._size)]
        for _ in first:
            self._hire()
        left = chain(first, map(_Task, parts))
        while self._hand_out(left):
            under_way = [*self._opening, *chain.from_iterable(worker.tasks for worker in self._workers)]
            done, _ = ray.wait(under_way, timeout=PATIENCE)
            if not done and not self._workers:
                log.warning("no worker has started yet: the Ray cluster has no machine with %s", self._place)
            for reference in done:
                if reference in self._opening:
                    self._opened(reference)
                else:
                    yield from self._finished(reference)

    def close(self) -> None:
        """Dismiss all workers, whatever they do."""
        import ray

        for worker in (*self._workers, *self._opening.values()):
            ray.kill(worker.actor)
        self._workers, self._opening = [], {}

    def _hire(self) -> None:
        import ray

        actor = ray.remote(Actor).options(num_cpus=self._place.cores, num_gpus=self._place.gpus).remote(self._work)
        self._opening[actor.open.remote()] = _Worker(actor)

    def _hand_out(self, left: Iterator[_Task]) -> bool:
        """Keep every worker busy; returns whether anything is still to be done."""
        for depth in range(AHEAD):
            for worker in [one for one in self._workers if len(one.tasks) == depth]:
                if self._any_waiting(left) and self._fits(worker, self._waiting[-1]):
                    task = self._waiting.pop()
                    worker.tasks[worker.actor.do.remote(task.part)] = task
        return self._any_waiting(left) or any(worker.tasks for worker in self._workers)

    def _any_waiting(self, left: Iterator[_Task]) -> bool:
        if not self._waiting:
            self._waiting.extend(islice(left, 1))
        return bool(self._waiting)

    def _fits(self, worker: _Worker, task: _Task) -> bool:
        """A part that a worker may have died of is done alone, so that it is known whether the next one dies of it."""
        return not worker.tasks or not (task.strikes or any(other.strikes for other in worker.tasks.values()))

    def _opened(self, reference: Any) -> None:
        import ray

        worker = self._opening.pop(reference)
        try:
            _checked(ray.get(reference))
        except _deaths() as error:
            self._failed_openings += 1
            if self._failed_openings == STRIKES:
                raise InputError(f"{STRIKES} workers died before they could begin: {_first_line(error)}") from error
            self._hire()
            return
        self._failed_openings = 0
        self._workers.append(worker)

    def _finished(self, reference: Any) -> Iterator[tuple[Any, Any]]:
        import ray

        worker = next((one for one in self._workers if reference in one.tasks), None)
        if worker is None:  # it died a moment ago
            return
        try:
            result = _checked(ray.get(reference))
        except _deaths() as error:
            self._bury(worker, error)
            return
        yield worker.tasks.pop(reference).part, result

    def _bury(self, worker: _Worker, error: Exception) -> None:
        """Its parts are for the others. It may have died of any: the result of the first may have been on its way."""
        import ray

        self._workers.remove(worker)
        ray.kill(worker.actor)  # it may be alive, only out of reach
        tasks = list(worker.tasks.values())
        for task in tasks:
            task.strikes += 1
            if task.strikes == STRIKES:
                raise InputError(f"{STRIKES} workers died of {task.part}: {_first_line(error)}") from error
        log.warning("a worker died and is replaced, its part done again: %s", tasks[0].part)
        self._waiting += reversed(tasks)
        self._hire()


def _deaths() -> tuple[type[Exception], ...]:
    from ray import exceptions

    return (
        exceptions.RayActorError,
        exceptions.OutOfMemoryError,
        exceptions.ObjectLostError,
        exceptions.WorkerCrashedError,
    )


def _checked(result: Any) -> Any:
    """The result; raises the error that it is."""
    if isinstance(result, Refusal):
        raise result.as_error()
    if isinstance(result, OSError):
        raise result
    return result


def _first_line(error: Exception) -> str:
    """Why Ray says that a worker died, without its advice."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = next((line for line in lines if line.startswith("The actor is dead")), lines[0] if lines else "")
    return told.split(". ")[0].rstrip(".") or type(error).__name__
