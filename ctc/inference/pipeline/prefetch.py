"""Prefetch remote photos: to download one takes longer than to decode it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from ctc.inference.pipeline.inputs import ModelInput
from ctc.storage.paths import is_url
from ctc.storage.remote_files import REMOTE_IO_THREADS


def prefetch(stream: Iterator[ModelInput]) -> Iterator[ModelInput]:
    """Yield the same inputs in the same order, while the remote photos of later ones are read.

    If the generator is closed early, photos that are not yet read are not read any more.
    """
    requests, waiting = _Prefetcher(), deque[ModelInput]()
    is_exhausted = False
    try:
        for model_input in map(requests.submit, stream):
            waiting.append(model_input)
            while waiting and not (model_input.pending and len(waiting) < REMOTE_IO_THREADS):
                yield waiting.popleft()
        yield from waiting
        is_exhausted = True
    finally:
        requests.close(cancel=not is_exhausted)


class _Prefetcher:
    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(REMOTE_IO_THREADS, "ctc-prefetch")

    def submit(self, model_input: ModelInput) -> ModelInput:
        paths = model_input.paths
        if model_input.pending or not any(map(is_url, paths)):
            return model_input
        futures = (self._pool.submit(model_input.read, path) for path in paths)
        return model_input._replace(pending=tuple(map(_Pending, futures)))

    def close(self, *, cancel: bool) -> None:
        """Let the threads end; without `cancel`, when all that was submitted has been read."""
        self._pool.shutdown(wait=False, cancel_futures=cancel)


class _Pending:
    """A photo's bytes, which can be had once, since they are not kept."""

    def __init__(self, future: Future[bytes]) -> None:
        self._future: Future[bytes] | None = future

    def __call__(self) -> bytes:
        future, self._future = self._future, None
        assert future is not None
        return future.result()
