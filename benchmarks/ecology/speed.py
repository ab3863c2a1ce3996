"""How long `ctc summarize` takes for many events of 30 classes, and how much memory.

python -m benchmarks.ecology.speed [EVENTS] [parquet|csv|json]
"""

from __future__ import annotations

import csv
import json
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ctc.ecology.config import SummaryConfig
from ctc.ecology.readers.source import read_survey
from ctc.ecology.summarize import summarize
from ctc.reporting import NullReporter

CLASSES = ("empty", *(f"species {number}" for number in range(29)))
STATIONS, START = 500, np.datetime64("2024-04-01T00:00:00")
SECONDS = 2 * 365 * 86_400
BATCH = 50_000


class Batch(NamedTuple):
    """Events: ids, probabilities (events, classes), times and stations as text."""

    ids: list[str]
    values: np.ndarray
    times: list[str]
    stations: list[str]

    @property
    def answers(self) -> list[str]:
        """The most probable class of each event."""
        return [CLASSES[top] for top in self.values.argmax(axis=1)]


def speed(events: int, kind: str) -> None:
    """Print seconds and memory of reading, and of a whole summary."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"predictions.{kind}"
        {"parquet": write_parquet, "csv": write_csv, "json": write_json}[kind](path, events)
        print(f"{path.stat().st_size / 1e6:,.0f} MB of {kind}")
        begin = time.process_time()
        read_survey(path, None, SummaryConfig())
        print(f"reading: {time.process_time() - begin:.1f} s of CPU")
        begin, cpu = time.perf_counter(), time.process_time()
        summarize(path, None, Path(folder) / "summary", SummaryConfig(), NullReporter())
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        took, of_cpu = time.perf_counter() - begin, time.process_time() - cpu
        print(f"{events:,} events: {took:.1f} s ({of_cpu:.1f} s of CPU), {peak:.1f} GB")


def draw_events(events: int) -> Iterator[Batch]:
    """Yield events of 500 stations in 2 years."""
    rng = np.random.default_rng(1)
    for first in range(0, events, BATCH):
        n = min(BATCH, events - first)
        values = rng.dirichlet(np.full(len(CLASSES), 0.05), n).astype(np.float32)
        values[:, 0] += rng.random(n).astype(np.float32)
        values /= values.sum(axis=1, keepdims=True)
        times = START + rng.integers(0, SECONDS, n).astype("timedelta64[s]")
        yield Batch(
            [f"event {first + number}" for number in range(n)],
            values,
            times.astype(str).tolist(),
            [f"station {number}" for number in rng.integers(0, STATIONS, n)],
        )


def write_parquet(path: Path, events: int) -> None:
    """Write a row per event, as `ctc predict` does."""
    texts = dict.fromkeys(("id", "label", "prediction_top", "datetime", "location"), pa.string())
    schema = pa.schema([*texts.items(), ("predictions_all", pa.map_(pa.string(), pa.float32()))])
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in draw_events(events):
            n, classes = len(batch.ids), len(CLASSES)
            keys = pa.array(CLASSES * n)
            offsets = np.arange(0, classes * n + 1, classes, dtype=np.int32)
            maps = pa.MapArray.from_arrays(offsets, keys, batch.values.ravel())
            columns = [batch.ids, ["species"] * n, batch.answers, batch.times, batch.stations]
            writer.write_batch(
                pa.RecordBatch.from_arrays(
                    [*(pa.array(one, pa.string()) for one in columns), maps], schema=schema
                )
            )


def write_csv(path: Path, events: int) -> None:
    """Write a row per event, as `ctc predict` does."""
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, quoting=csv.QUOTE_ALL)
        rows.writerow(("id", "label", "prediction_top", "predictions_all", "datetime", "location"))
        for batch in draw_events(events):
            for row in zip(batch.ids, batch.answers, _maps(batch), *batch[2:], strict=True):
                rows.writerow((row[0], "species", row[1], json.dumps(row[2]), *row[3:]))


def write_json(path: Path, events: int) -> None:
    """Write an event per line with two photos, as `ctc predict` does."""
    with path.open("w", encoding="utf-8") as file:
        file.write("{\n")
        for batch in draw_events(events):
            for key, top, values, taken, station in zip(
                batch.ids, batch.answers, _maps(batch), *batch[2:], strict=True
            ):
                predictions = {"species": values}
                photo = {"datetime": taken, "predictions": predictions}
                entry = {
                    "predictions_top": {"species": top},
                    "aggregated_pred": predictions,
                    "images": [{"path": f"{key}/{name}.jpg", **photo} for name in "ab"],
                    "meta_data": {"location": station},
                }
                file.write(f"{json.dumps(key)}: {json.dumps(entry)},\n")
        file.write("}\n")


def _maps(batch: Batch) -> Iterator[dict[str, float]]:
    """Yield probabilities by class with six significant digits."""
    for row in batch.values.tolist():
        yield {name: float(f"{value:.6g}") for name, value in zip(CLASSES, row, strict=True)}


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000_000
    speed(count, sys.argv[2] if len(sys.argv) > 2 else "parquet")
