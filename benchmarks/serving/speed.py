"""How fast `ctc serve` is beside `ctc predict`, and how soon it answers:

    python -m benchmarks.serving.speed MODEL PHOTOS_DIR [--photos 400] [--rounds 3]

Clients and server share the machine's cores, as the goal has it; seconds of CPU tell them apart.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import subprocess
import tempfile
import time
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np

from benchmarks.serving.load import (
    CLIENTS,
    CTC,
    Client,
    Server,
    arrive,
    as_request,
    hammer,
    serving,
    usable,
)

GOAL = 0.8


class Speed(NamedTuple):
    """`rate` in photos per second; `cpu` in seconds per photo."""

    rate: float
    cpu: float


def predict(model: Path, folder: Path, count: int, output: Path) -> Speed:
    """`ctc predict`, without the time it takes to start."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [
        *CTC,
        "predict",
        str(model),
        str(folder),
        "--output",
        str(output),
        "--overwrite",
        "--batch-size",
        "1",
    ]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = float(re.findall(r" in ([\d.]+) s ", done.stderr)[0])
    return Speed(
        count / seconds,
        (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / count,
    )


def serve(server: Server, photos: Sequence[bytes], count: int) -> Speed:
    """16 clients that send one photo after the other."""
    before = server.figure("process_cpu_seconds_total")
    statuses, seconds = hammer(server.port, photos, CLIENTS, lambda number: number < count)
    assert set(statuses) == {200}, statuses
    return Speed(count / seconds, (server.figure("process_cpu_seconds_total") - before) / count)


def throughput(
    model: Path, server: Server, folder: Path, photos: Sequence[bytes], count: int, rounds: int
) -> float:
    """Print both beside each other, in turns; the server's photos per second."""
    serve(server, photos, count // 4)
    output = folder.parent / "p.csv"
    pairs = [
        (predict(model, folder, count, output), serve(server, photos, count)) for _ in range(rounds)
    ]
    ours, theirs = (median(pair[at].rate for pair in pairs) for at in (1, 0))
    ratio = median(served.rate / predicted.rate for predicted, served in pairs)
    cpu = median(predicted.cpu / served.cpu for predicted, served in pairs)
    print("\n| | photos/s | CPU ms per photo |\n|---|---|---|")
    print(f"| `ctc predict` | {theirs:.1f} | {1000 * median(pair[0].cpu for pair in pairs):.1f} |")
    print(
        f"| `ctc serve`, {CLIENTS} clients | {ours:.1f} | "
        f"{1000 * median(pair[1].cpu for pair in pairs):.1f} |"
    )
    print(
        f"\nserved at {ratio:.0%} of the rate of `ctc predict` (goal {GOAL:.0%}), at {cpu:.0%} by "
        f"seconds of CPU"
    )
    return ours


def latency(server: Server, photos: Sequence[bytes], rate: float, count: int) -> None:
    """Print how long photos take that arrive at half of what the server can do."""
    one = Client(server.port)
    alone = sorted(_seconds(one, photo) for photo in photos)
    taken = 1000 * np.array(arrive(server.port, photos, rate, count, CLIENTS))
    middle, late = np.percentile(taken, [50, 99])
    print(
        f"\nat half load ({rate:.1f} photos/s): median {middle:.0f} ms, p99 {late:.0f} ms", end="; "
    )
    print(f"one photo at a time: median {1000 * median(alone):.0f} ms")


def _seconds(client: Client, photo: bytes) -> float:
    start = time.perf_counter()
    assert client.send(photo) == 200
    return time.perf_counter() - start


def main() -> None:
    """Print Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("photos_dir", type=Path)
    parser.add_argument("--photos", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    paths = usable(options.photos_dir)
    photos = [as_request(path.read_bytes()) for path in paths]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "photos"
        folder.mkdir()
        for number, path in zip(range(options.photos), cycle(paths), strict=False):
            (folder / f"{number:06}.jpg").symlink_to(path.resolve())
        print(
            f"{options.photos} photos, {len(photos)} different ones, {os.cpu_count()} cores, load "
            f"{os.getloadavg()[0]:.1f}"
        )
        with serving(options.model, "--batch-size", "1") as server:
            rate = throughput(options.model, server, folder, photos, options.photos, options.rounds)
            latency(server, photos, rate / 2, options.photos // 2)


if __name__ == "__main__":
    main()
