"""How long `ctc evaluate` takes for many predictions, and how much memory: python
benchmarks/evaluate.py [--events N] [--classes N]"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ctc.artifacts.inventory import Inventory

GOAL_SECONDS, GOAL_GB = 60, 4
ROWS_AT_ONCE = 100_000


def main() -> int:
    """Print a Markdown table; the exit code is 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--classes", type=int, default=30)
    parser.add_argument("--format", choices=("parquet", "csv"), nargs="*", default=["parquet"])
    options = parser.parse_args()
    print(
        f"{date.today()}, {os.cpu_count()} cores, {options.events:,} events, {options.classes} "
        f"classes\n"
    )
    print("| predictions | MB | seconds | of which CPU | peak GB |\n|---|---|---|---|---|")
    reached = True
    with tempfile.TemporaryDirectory() as folder:
        for kind in options.format:
            seconds, cpu, peak, size = measure(Path(folder), kind, options.events, options.classes)
            print(f"| {kind} | {size / 1e6:.0f} | {seconds:.0f} | {cpu:.0f} | {peak:.1f} |")
            reached = reached and seconds <= GOAL_SECONDS and peak <= GOAL_GB
    print(f"\ngoal: {GOAL_SECONDS} s, {GOAL_GB} GB")
    return 0 if reached else 1


def measure(folder: Path, kind: str, events: int, classes: int) -> tuple[float, float, float, int]:
    """Seconds, seconds of CPU, peak memory in GB, and the file's size, in a process of its own."""
    predictions, truth = folder / f"predictions.{kind}", folder / "truth.parquet"
    write_world(predictions, truth, events, classes)
    arguments = [
        "-q",
        "evaluate",
        str(predictions),
        "--truth",
        str(truth),
        "--output",
        str(folder / f"of_{kind}"),
    ]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    code = "import sys; from ctc.cli.main import run; sys.exit(run(sys.argv[1:]))"
    subprocess.run([sys.executable, "-c", code, *arguments], check=True, capture_output=True)
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, cpu, after.ru_maxrss / 1024**2, predictions.stat().st_size


def write_world(predictions: Path, truth: Path, events: int, classes: int) -> None:
    """Predictions that are right nine times out of ten, of classes that are ever rarer, at 500
    locations."""
    rng = np.random.default_rng(0)
    names = [f"species {number}" for number in range(classes)]
    share = 1 / np.arange(1, classes + 1)
    real = rng.choice(classes, events, p=share / share.sum())
    ids = [f"camera/{number // 1000}/event-{number:07d}" for number in range(events)]
    table = pa.table(
        {
            "event_id": ids,
            "images": [[f"{one}.jpg"] for one in ids],
            "species": np.array(names, object)[real],
            "location": [f"location {number % 500}" for number in range(events)],
        }
    )
    Inventory(table, ("species",), Path("/photos")).write(truth)
    writer = _write_csv if predictions.suffix == ".csv" else _write_parquet
    writer(predictions, names, ids, real, rng)


def _answers(real: np.ndarray, classes: int, rng: np.random.Generator) -> np.ndarray:
    scores = rng.normal(0, 1, (len(real), classes)).astype(np.float32)
    scores[np.arange(len(real)), real] += 4
    powers = np.exp(1.5 * scores)
    return powers / powers.sum(axis=1, keepdims=True)


def _write_parquet(
    path: Path, names: list[str], ids: list[str], real: np.ndarray, rng: np.random.Generator
) -> None:
    kind = pa.map_(pa.string(), pa.float32())
    schema = pa.schema([("id", pa.string()), ("label", pa.string()), ("predictions_all", kind)])
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for start in range(0, len(ids), ROWS_AT_ONCE):
            part = slice(start, start + ROWS_AT_ONCE)
            answers = _answers(real[part], len(names), rng)
            offsets = np.arange(len(answers) + 1, dtype=np.int32) * len(names)
            maps = pa.MapArray.from_arrays(
                offsets, pa.array(names * len(answers)), pa.array(answers.ravel())
            )
            columns = [pa.array(ids[part]), pa.array(["species"] * len(answers)), maps.cast(kind)]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))


def _write_csv(
    path: Path, names: list[str], ids: list[str], real: np.ndarray, rng: np.random.Generator
) -> None:
    keys = [f'""{name}"": ' for name in names]
    with path.open("w", encoding="utf-8") as file:
        file.write('"id","label","predictions_all"\n')
        for start in range(0, len(ids), ROWS_AT_ONCE):
            part = slice(start, start + ROWS_AT_ONCE)
            for event_id, row in zip(
                ids[part], _answers(real[part], len(names), rng).tolist(), strict=True
            ):
                cell = ", ".join(f"{key}{value:.4f}" for key, value in zip(keys, row, strict=True))
                file.write(f'"{event_id}","species","{{{cell}}}"\n')


if __name__ == "__main__":
    sys.exit(main())
