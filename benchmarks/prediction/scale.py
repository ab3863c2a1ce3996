"""What `--engine ray` costs: python -m benchmarks.prediction.scale MODEL PHOTOS_DIR [--photos 768]
[--rounds 3] [--workers 64] [--paths 10000000]

First real photos, each linked as often as it takes, with one and two threads here and one and two
workers of a core each; the start of processes, models and cluster is left out. Then a simulation:
workers that sleep in place of predicting, and so many paths, whose photos are not there."""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import Any, cast

from ctc.hardware import usable_cores
from ctc.inference.config import PredictConfig
from ctc.inference.events.event import Event
from ctc.inference.run.chunks import MAX_CHUNK_PHOTOS, Chunk, split_events
from ctc.inference.run.engine_results import EngineResults
from ctc.inference.run.predict_run import prepare_run
from ctc.plugin import Engine
from ctc.plugin.manager import plugins
from ctc.runtime.config import RuntimeConfig

OPTIONS = {"ray_address": None, "ray_gpus": 0.0}


@dataclass
class Clock:
    """When how many photos were through."""

    photos: int = 0
    at: list[tuple[float, int]] = field(default_factory=list)

    def advance(self, photos: int, _: int) -> None:
        """So many more photos are through."""
        self.photos += photos
        self.at.append((time.perf_counter(), self.photos))

    @property
    def rate(self) -> float:
        """In the second half, when all workers have started, up to the last but one, when none is
        idle yet."""
        (start, first), (end, last) = self.at[len(self.at) // 2], self.at[-2]
        return (last - first) / (end - start)


@dataclass(frozen=True)
class Sleeping:
    """Work that takes `seconds` for each part."""

    seconds: float
    cores: int = 1

    def open(self) -> Callable[[Chunk], None]:
        return lambda _: time.sleep(self.seconds)


def real(model: Path, photos: Path, count: int, rounds: int) -> None:
    """Photos per second of each way, in turns."""
    with tempfile.TemporaryDirectory() as folder:
        links = Path(folder) / "photos"
        links.mkdir()
        for number, photo in zip(range(count), cycle(sorted(photos.rglob("*.jpg"))), strict=False):
            (links / f"{number:06}.jpg").symlink_to(photo.resolve())
        found: dict[tuple[str, int], list[float]] = {}
        for _ in range(rounds):
            for way in (("local", 1), ("ray", 1), ("local", 2), ("ray", 2)):
                found.setdefault(way, []).append(rate(*way, model, links, Path(folder) / "p.csv"))
    rates = {way: median(values) for way, values in found.items()}
    for (name, size), value in rates.items():
        print(f"{name} {size}: {value:.1f} photos/s")
    gains = {name: rates[name, 2] / rates[name, 1] for name in ("local", "ray")}
    print(
        f"from 1 to 2: here {gains['local']:.2f} times, ray {gains['ray']:.2f} times, "
        f"{gains['ray'] / gains['local']:.0%}"
    )
    print(f"overhead {1e3 * (1 / rates['ray', 1] - 1 / rates['local', 1]):.2f} ms a photo")


def rate(name: str, size: int, model: Path, photos: Path, output: Path) -> float:
    """`size`: threads here, or workers of one core."""
    clock = Clock()
    runtime = RuntimeConfig(batch_size=1, threads=size)
    config = PredictConfig(model, (photos,), output, runtime=runtime, overwrite=True)
    if name == "local":
        prepare_run(config, plugins()).run(clock.advance)
        return clock.rate
    runtime = replace(runtime, threads=1)
    options = {"ray_workers": size}
    config = replace(config, runtime=runtime, engine="ray", engine_options=options)
    run = prepare_run(config, plugins())
    source = cast(EngineResults, run.source)
    engine = source.engine.engine

    def timed(*arguments: Any) -> Iterator[tuple[Chunk, None]]:
        for chunk, result in engine.map(*arguments):
            clock.advance(len(chunk.events), 0)
            yield chunk, result

    bound = replace(source.engine, engine=replace(engine, map=timed))
    replace(run, source=replace(source, engine=bound)).run(lambda *_: None)
    return clock.rate


def simulated(workers: int, paths: int, seconds: float) -> None:
    """How fast parts are handed out, and the memory of the process that does it."""
    import ray

    ray.init(
        address="local",
        num_cpus=workers,
        include_dashboard=False,
        log_to_driver=False,
        logging_level="ERROR",
    )
    names = (
        f"/photos/reserve-{number // 100_000:03}/IMG_{number:08}.JPG" for number in range(paths)
    )
    parts: Iterator[Chunk] = split_events(
        (Event(name, (name,)) for name in names), MAX_CHUNK_PHOTOS
    )
    results = (
        plugins()
        .get(Engine, "ray")
        .map(Sleeping(seconds), parts, {**OPTIONS, "ray_workers": workers})
    )
    marks = [(0, time.perf_counter(), time.process_time())]
    for done, _ in enumerate(results, 1):
        if done % (paths // MAX_CHUNK_PHOTOS // 8) == 0:
            print(f"  {done * MAX_CHUNK_PHOTOS:,} paths: {resident():.0f} MB", flush=True)
            marks.append((done, time.perf_counter(), time.process_time()))
    (first, start, idle), (last, end, busy) = marks[len(marks) // 2], marks[-1]
    print(
        f"{workers} workers, {paths:,} paths in parts of {MAX_CHUNK_PHOTOS:,} that take {seconds} "
        f"s; in the second half, when all have started:"
    )
    print(
        f"{(last - first) / (end - start):.1f} parts a second, of {workers / seconds:.1f} if "
        f"nothing but sleep took time"
    )
    print(
        f"{1e6 * (busy - idle) / (last - first) / MAX_CHUNK_PHOTOS:.1f} µs a path on the driver's "
        f"core; its peak is {peak():.0f} MB"
    )


def resident() -> float:
    """In MB, of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("model", type=Path)
    parser.add_argument("photos_dir", type=Path)
    parser.add_argument("--photos", type=int, default=768)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=64)
    parser.add_argument("--paths", type=int, default=10_000_000)
    parser.add_argument("--seconds", type=float, default=0.5)
    given = parser.parse_args()
    print(f"{usable_cores()} cores, load {os.getloadavg()[0]:.0f}")
    if given.photos:
        real(given.model, given.photos_dir, given.photos, given.rounds)
        import ray

        ray.shutdown()
    if given.paths:
        simulated(given.workers, given.paths, given.seconds)


if __name__ == "__main__":
    main()
