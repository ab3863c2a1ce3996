"""What `ctc predict` costs a photo besides decoding and the network, step by step: python
benchmarks/prediction/overhead.py PHOTOS_DIR [--rounds 20]

Seconds of CPU of the thread, so that a busy machine hardly matters. All of it but reading holds
Python's lock, so its sum bounds the photos per second of one process, whatever decodes."""

from __future__ import annotations

import argparse
import platform
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from importlib import import_module
from pathlib import Path
from statistics import median
from unittest.mock import patch

import numpy as np

from benchmarks.prediction.speed import processor
from benchmarks.serving.load import usable
from ctc.artifacts.model.file import ModelInfo
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.images import decode, to_model_input
from ctc.images.listing.folder_watch import FolderWatch
from ctc.images.metadata.exif import parse_exif
from ctc.images.metadata.photo_header import read_photo_header
from ctc.inference.classification import (
    ClassificationCodec,
    EventResult,
    event_prediction,
    predict,
)
from ctc.inference.events.event import Event
from ctc.inference.journal.header import RunHeader
from ctc.inference.journal.journal import Journal
from ctc.inference.pipeline.pipeline import PipelineConfig
from ctc.inference.postprocess import make_postprocessor
from ctc.inference.run.output_writer import output_context
from ctc.inference.run.stats import RunStats
from ctc.plugin import Aggregation, OutputFormat
from ctc.plugin.manager import plugins
from ctc.plugin.option_values import bind_options, option_values
from ctc.runtime.config import RuntimeConfig

PHOTOS, REPEATS, DEVICE_BATCH = 640, 20, 64
SIDE, CLASSES, LABEL = 224, 50, "species"
GOAL_EXIF, GOAL = 60, 150
NAMES = tuple(f"species {number}" for number in range(CLASSES))
SIZE = Preprocessing(SIDE, SIDE)
NO_PIXELS = Preprocessing(8, 8)
"""Copying pixels holds no lock."""


@dataclass
class InstantModel:
    """A model whose network answers at once."""

    info: ModelInfo = field(default_factory=lambda: ModelInfo({LABEL: NAMES}, NO_PIXELS))
    is_on_device: bool = False
    answers: np.ndarray = field(
        default_factory=lambda: (
            np.random.default_rng(0).dirichlet(np.ones(CLASSES), 1).astype(np.float32)
        )
    )

    def predict(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """Return the same probabilities for every photo."""
        return {LABEL: np.repeat(self.answers, len(images), axis=0)}


class Steps:
    """The steps of a photo, each a function that does it for many photos and returns how many."""

    def __init__(self, photos: list[Path], folder: Path) -> None:
        self.paths = list(map(str, photos)) * REPEATS
        self.datas = [photo.read_bytes() for photo in photos] * REPEATS
        self.headers = list(map(read_photo_header, self.datas))
        self.folder = folder
        self.model = InstantModel()
        self.postprocessor = make_postprocessor(self.model.info)
        self.aggregation = bind_options(plugins().get(Aggregation, "mean"), {})
        # no pixels but of the right size: what is left is Python's part of the step
        self.pixels = np.zeros((SIDE, SIDE, 3), np.uint8)
        self.results = list(self._results())

    def all(self) -> dict[str, Callable[[], int]]:
        """Return the steps by name, in their order."""
        return {
            "read the file (mostly without the lock)": self.read,
            "header": self.header,
            "EXIF": self.exif,
            "decode, without libjpeg": self.decode,
            "pipeline and aggregation, in batches of 1": partial(self.pipeline, 1),
            f"the same, in batches of {DEVICE_BATCH}": partial(self.pipeline, DEVICE_BATCH),
            "of it aggregation": self.aggregate,
            "CSV row": self.csv,
            "journal line": self.journal,
        }

    def read(self) -> int:
        watch = FolderWatch()
        for path in self.paths:
            watch.read(path)
        return len(self.paths)

    def header(self) -> int:
        return len([read_photo_header(data) for data in self.datas])

    def exif(self) -> int:
        pairs = zip(self.datas, self.headers, strict=True)
        return len([parse_exif(data, header) for data, header in pairs])

    def decode(self) -> int:
        library = import_module("ctc.images.decode").simplejpeg
        with patch.object(library, "decode_jpeg", lambda *_, **__: self.pixels):
            for data, header in zip(self.datas, self.headers, strict=True):
                to_model_input(decode(data, (SIDE, SIDE), header=header), SIZE)
        return len(self.datas)

    def pipeline(self, batch_size: int) -> int:
        return len(list(self._results(batch_size)))

    def aggregate(self) -> int:
        for result in self.results:
            found = result.prediction
            assert found is not None
            event = Event(found.id, (found.id,))
            event_prediction(event, found.images, self.postprocessor, self.aggregation)
        return PHOTOS

    def csv(self) -> int:
        written = plugins().get(OutputFormat, "csv")
        context = output_context(self._header(), option_values(written, {}))
        stats = RunStats(lambda *_: None)
        written.write(stats.entries(self.results, print), self.folder / "p.csv", context)
        return PHOTOS

    def journal(self) -> int:
        path = self.folder / "journal"
        path.unlink(missing_ok=True)
        header = self._header()
        with Journal(path, header, ClassificationCodec(header.schema)) as journal:
            for result in self.results:
                journal.append(result)
        return PHOTOS

    def _results(self, batch_size: int = 1) -> Iterator[EventResult]:
        names = [f"{self.folder}/{number:06}.jpg" for number in range(PHOTOS)]
        pixels = np.zeros((NO_PIXELS.height, NO_PIXELS.width, 3), np.uint8)
        events = [Event(name, (name,), in_memory=(pixels,)) for name in names]
        config = PipelineConfig(RuntimeConfig("cpu", batch_size=batch_size))
        return predict(self.model, self.postprocessor, events, self.aggregation, config)  # type: ignore[arg-type]

    def _header(self) -> RunHeader:
        return RunHeader(
            {},
            (0, 1),
            datetime.now(UTC),
            RuntimeConfig("cpu", batch_size=1),
            "model.onnx",
            self.postprocessor.schema,
            (),
            str(self.folder),
        )


def microseconds(step: Callable[[], int]) -> float:
    """CPU time of all threads per photo: the pipeline has its own."""
    start = time.process_time()
    count = step()
    return 1e6 * (time.process_time() - start) / count


def main() -> None:
    """Print Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos_dir", type=Path)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        steps = Steps(usable(options.photos_dir), Path(folder)).all()
        rounds = [
            {name: microseconds(step) for name, step in steps.items()}
            for _ in range(options.rounds + 1)
        ]
    took = {name: median(one[name] for one in rounds[1:]) for name in steps}
    print(f"{date.today()}, {processor()}, Python {platform.python_version()}\n")
    print("| | µs of CPU per photo |\n|---|---|")
    for name, value in took.items():
        print(f"| {name} | {value:.0f} |")
    exif = took["header"] + took["EXIF"]
    print(f"\nheader and EXIF: {exif:.0f} µs, goal {GOAL_EXIF}")
    for left_out, size in (("the same", 1), ("pipeline", DEVICE_BATCH)):
        others = ("read", "of it", left_out)
        held = sum(value for name, value in took.items() if not name.startswith(others))
        print(f"held under the lock, batches of {size}: {held:.0f} µs, goal {GOAL}")


if __name__ == "__main__":
    main()
