"""Photos at remote places are asked for before a worker needs them: they are longer on their way
than it takes to decode them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing

from ctc.images import read_photo
from ctc.inference.pipeline.inputs import ModelInput
from ctc.storage.paths import is_url
from ctc.storage.remote_files import REMOTE_IO_THREADS


def prefetch(stream: Iterator[ModelInput]) -> Iterator[ModelInput]:
    """The same pieces in the same order, those with remote photos some time after their bytes were
    asked for."""
    with closing(_Prefetcher()) as requests:
        waiting: deque[ModelInput] = deque()
        for piece in map(requests.submit, stream):
            waiting.append(piece)
            while waiting and not (piece.pending and len(waiting) < REMOTE_IO_THREADS):
                yield waiting.popleft()
        yield from waiting


class _Prefetcher:
    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(REMOTE_IO_THREADS, "ctc-ahead")

    def submit(self, piece: ModelInput) -> ModelInput:
        if not any(map(is_url, piece.paths)):
            return piece
        return piece._replace(
            pending=tuple(_Pending(self._pool.submit(read_photo, path)) for path in piece.paths)
        )

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


class _Pending:
    """A photo's bytes, once: they are not kept."""

    def __init__(self, future: Future[bytes]) -> None:
        self._future: Future[bytes] | None = future

    def __call__(self) -> bytes:
        answer, self._future = self._future, None
        assert answer is not None
        return answer.result()
