"""Photos at remote places are asked for before a worker needs them: they are longer on their way than it takes to decode them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing

from ctc.images import read_photo
from ctc.inference.pipeline.inputs import Piece
from ctc.storage.paths import is_url
from ctc.storage.remote_files import READERS


def asked_ahead(stream: Iterator[Piece]) -> Iterator[Piece]:
    """The same pieces in the same order, those with remote photos some time after their bytes were asked for."""
    with closing(_Requests()) as requests:
        waiting: deque[Piece] = deque()
        for piece in map(requests.ask, stream):
            waiting.append(piece)
            while waiting and not (piece.coming and len(waiting) < READERS):
                yield waiting.popleft()
        yield from waiting


class _Requests:
    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(READERS, "ctc-ahead")

    def ask(self, piece: Piece) -> Piece:
        if not any(map(is_url, piece.paths)):
            return piece
        return piece._replace(coming=tuple(_Coming(self._pool.submit(read_photo, path)) for path in piece.paths))

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


class _Coming:
    """A photo's bytes, once: they are not kept."""

    def __init__(self, answer: Future[bytes]) -> None:
        self._answer: Future[bytes] | None = answer

    def __call__(self) -> bytes:
        answer, self._answer = self._answer, None
        assert answer is not None
        return answer.result()
