"""Whether `ctc serve` holds out: its memory and its errors under full load, then overload, then
whether it recovers:

    python -m benchmarks.serving.soak MODEL PHOTOS_DIR [--minutes 30]

Photos come in turns as the body of a request, in a form of two, and in JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import threading
import time
from base64 import b64encode
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.serving.load import CLIENTS, Server, as_request, hammer, serving, usable

MANY_CLIENTS, QUEUE = 64, 32
EVERY = 10.0
TOLD = (1, 5, 10, 20, 30, 60, 120)
OVERLOAD, RECOVERY = 30.0, 30.0


class Sample(NamedTuple):
    """`minute` since the load began; `resident` and `own` megabytes."""

    minute: float
    resident: float
    own: float


class Watch(threading.Thread):
    """Looks at a server's memory every 10 seconds, until it is told to stop."""

    def __init__(self, server: Server) -> None:
        super().__init__()
        self.samples: list[Sample] = []
        self.stop = threading.Event()
        self._server, self._begin = server, time.monotonic()

    def run(self) -> None:
        while not self.stop.wait(EVERY):
            self.samples.append(sample(self._server, self._begin))


def sample(server: Server, begin: float) -> Sample:
    """What the server holds now."""
    return Sample(
        (time.monotonic() - begin) / 60, server.megabytes("VmRSS"), server.megabytes("RssAnon")
    )


def requests_of(photos: list[bytes]) -> list[bytes]:
    """Every photo in every form."""
    bare = [as_request(photo) for photo in photos]
    forms = [_form(pair) for pair in zip(photos, [*photos[1:], photos[0]], strict=True)]
    documents = [
        json.dumps({"instances": [{"b64": b64encode(photo).decode()}]}).encode() for photo in photos
    ]
    json_ = [as_request(document, "application/json") for document in documents]
    return [request for three in zip(bare, forms, json_, strict=True) for request in three]


def _form(photos: tuple[bytes, bytes]) -> bytes:
    part = (
        b'--frontier\r\nContent-Disposition: form-data; name="photo"; '
        b'filename="a.jpg"\r\n\r\n%s\r\n'
    )
    return as_request(
        b"".join(part % photo for photo in photos) + b"--frontier--\r\n",
        "multipart/form-data; boundary=frontier",
    )


def load(server: Server, requests: list[bytes], clients: int, seconds: float) -> Counter[int]:
    """Answers by status; 0: the connection broke."""
    end = time.monotonic() + seconds
    return hammer(server.port, requests, clients, lambda _: time.monotonic() < end)[0]


def soak(server: Server, requests: list[bytes], minutes: float) -> None:
    """Print memory and errors under full load."""
    watch = Watch(server)
    watch.start()
    statuses = load(server, requests, CLIENTS, 60 * minutes)
    watch.stop.set()
    watch.join()
    print(
        f"{minutes:g} minutes, {CLIENTS} clients: {dict(statuses)}, {len(server.complaints)} "
        f"complaints in the log"
    )
    print("\n| minute | resident MB | of it its own |\n|---|---|---|")
    told = {
        min(watch.samples, key=lambda one: abs(one.minute - minute))
        for minute in TOLD
        if minute <= minutes + 0.5
    }
    for one in sorted(told):
        print(f"| {one.minute:.0f} | {one.resident:.1f} | {one.own:.1f} |")
    table = np.array(watch.samples)
    later = table[table[:, 0] > minutes * 2 / 3]
    slope = np.polyfit(later[:, 0], later[:, 1], 1)[0]
    print(
        f"\nin the last third: {slope:+.3f} MB a minute; {table[:, 1].max():.1f} MB resident at "
        f"most",
        flush=True,
    )


def overload(server: Server, requests: list[bytes]) -> None:
    """Print what becomes of twice as many clients as the queue has places, and of the usual ones
    afterwards."""
    many = load(server, requests, MANY_CLIENTS, OVERLOAD)
    after = load(server, requests, CLIENTS, RECOVERY)
    left = server.figure("ctc_held_bytes"), server.figure("ctc_queue_photos")
    print(
        f"\n{MANY_CLIENTS} clients without patience at a queue of {QUEUE}: {dict(many)}; then "
        f"{CLIENTS}: {dict(after)}"
    )
    now = sample(server, time.monotonic())
    print(
        f"at rest {left[0]:.0f} bytes held, {left[1]:.0f} photos wait, {now.resident:.1f} MB "
        f"resident, {now.own:.1f} its own"
    )
    print(*server.complaints[:20], sep="\n")


def main() -> None:
    """Print Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("photos_dir", type=Path)
    parser.add_argument("--minutes", type=float, default=30)
    options = parser.parse_args()
    requests = requests_of([path.read_bytes() for path in usable(options.photos_dir)])
    print(
        f"{len(requests)} different requests, {os.cpu_count()} cores, "
        f"load {os.getloadavg()[0]:.1f}",
        flush=True,
    )
    with serving(options.model, "--queue", str(QUEUE), "--max-photos", str(QUEUE)) as server:
        soak(server, requests, options.minutes)
        overload(server, requests)


if __name__ == "__main__":
    main()
