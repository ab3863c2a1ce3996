"""A server in a process of its own, and clients that load it."""

from __future__ import annotations

import http.client
import re
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path

CTC = [sys.executable, "-c", "from ctc.cli import main; main()"]
HEAD = (
    b"POST /v1/models/model:predict HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: "
    b"%d\r\n\r\n"
)
CLIENTS = 16
UNUSABLE = ("truncated", "cmyk")
LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


def usable(folder: Path) -> list[Path]:
    """The photos of a folder that a model can answer."""
    return [
        path
        for path in sorted(folder.glob("*.jpg"))
        if not any(word in path.name for word in UNUSABLE)
    ]


def as_request(body: bytes, kind: str = "image/jpeg") -> bytes:
    """All that goes over the wire."""
    return HEAD % (kind.encode(), len(body)) + body


class Server:
    """`ctc serve`, with what it tells of itself; `complaints` are the warnings and errors of its
    log."""

    def __init__(self, model: Path, *options: str) -> None:
        command = [*CTC, "serve", f"model={model}", "--port", "0", *options]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert self.process.stderr
        said = next(line for line in self.process.stderr if "serving on" in line)
        self.port = int(re.findall(r":(\d+)/", said)[0])
        self.complaints: list[str] = []
        threading.Thread(target=self._listen, args=[self.process.stderr], daemon=True).start()

    def _listen(self, log: Iterable[str]) -> None:
        self.complaints.extend(line for line in log if line.startswith(("warning:", "error:")))

    def figure(self, name: str) -> float:
        """Of /metrics."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", "/metrics")
        lines = connection.getresponse().read().decode().splitlines()
        connection.close()
        return float(next(line.split()[1] for line in lines if line.startswith(f"{name} ")))

    def megabytes(self, kind: str) -> float:
        """Of its memory: VmRSS is all that is resident, RssAnon its own without the files that it
        maps."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{kind}:"))


@contextmanager
def serving(model: Path, *options: str) -> Iterator[Server]:
    """A server for a block."""
    server = Server(model, *options)
    try:
        yield server
    finally:
        server.process.terminate()
        server.process.wait()


class Client:
    """One connection, kept open; as little Python as it takes, since it shares the server's
    cores."""

    def __init__(self, port: int) -> None:
        self._address = ("127.0.0.1", port)
        self._socket = socket.create_connection(self._address, timeout=120)

    def send(self, request: bytes) -> int:
        """The status of the answer, or 0 when there is none."""
        try:
            self._socket.sendall(request)
            return self._answer()
        except (OSError, ValueError):
            self._socket.close()
            self._socket = socket.create_connection(self._address, timeout=120)
            return 0

    def _answer(self) -> int:
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self._more()
        head, _, body = answer.partition(b"\r\n\r\n")
        missing = int(LENGTH.findall(head)[0]) - len(body)
        while missing:
            missing -= len(self._more())
        return int(head.split(b" ", 2)[1])

    def _more(self) -> bytes:
        part = self._socket.recv(1 << 16)
        if not part:
            raise ConnectionResetError
        return part


def hammer(
    port: int, requests: Sequence[bytes], clients: int, goes_on: Callable[[int], bool]
) -> tuple[Counter[int], float]:
    """(answers by status, seconds): every client sends the next request as soon as it is answered,
    while `goes_on(requests sent)`."""
    numbers, statuses, lock = count(), Counter[int](), threading.Lock()

    def work(_: int) -> None:
        client = Client(port)
        while goes_on(number := next(numbers)):
            status = client.send(requests[number % len(requests)])
            with lock:
                statuses[status] += 1

    start = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(work, range(clients)))
    return statuses, time.perf_counter() - start


def arrive(
    port: int, requests: Sequence[bytes], rate: float, total: int, clients: int
) -> list[float]:
    """Seconds until each of `total` requests was answered, which arrive `rate` a second whether the
    ones before are answered or not."""
    start = time.perf_counter()
    numbers, taken, lock = iter(range(total)), [], threading.Lock()

    def work(_: int) -> None:
        client = Client(port)
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            due = start + number / rate
            time.sleep(max(0.0, due - time.perf_counter()))
            assert client.send(requests[number % len(requests)]) == 200
            taken.append(time.perf_counter() - due)

    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(work, range(clients)))
    return taken
