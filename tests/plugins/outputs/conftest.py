"""Three events (two photos; names that need escaping; time and coordinates) and a failure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from ctc.artifacts.predictions import EventPrediction, Failure, ImagePrediction
from ctc.plugin import OutputContext, OutputFormat
from ctc.plugin.manager import plugins

ODD = ('say "cat", or\nnot', "🦊, fox")
LABELS = {"species": ("cat", "dog"), "standing": ("0", "1")}

Write = Callable[..., Path]


def probabilities(*values: float) -> dict[str, np.ndarray]:
    return {
        "species": np.array(values[:2], np.float32),
        "standing": np.array(values[2:], np.float32),
    }


@pytest.fixture
def predictions() -> list[EventPrediction]:
    odd = {"species": ODD, "standing": ("0", "1")}
    first = (
        ImagePrediction("a.jpg", probabilities(0.6, 0.4, 0.5, 0.5)),
        ImagePrediction("b.jpg", probabilities(0.47, 0.53, 0.42, 0.58)),
    )
    second = (ImagePrediction("ü\udce9.jpg", probabilities(0.00004, 0.99996, 1, 0)),)
    return [
        EventPrediction(
            "1",
            LABELS,
            probabilities(0.535, 0.465, 0.4601, 0.5399),
            first,
            {"site": "N", "id": None},
        ),
        EventPrediction('2,"x"\n', odd, second[0].probabilities, second, {"site": "a;b", "id": 7}),
    ]


@pytest.fixture
def dated(predictions) -> EventPrediction:
    """The first event; its second photo has EXIF."""
    first, second = predictions[0].images
    second = replace(
        second, taken="2016-09-25T18:35:10", camera="RECONYX HC500", latitude=-2.5, longitude=34.75
    )
    return replace(predictions[0], images=(first, second))


@pytest.fixture
def failure() -> Failure:
    return Failure("gone.jpg", "no such file or directory")


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """A function that writes entries in a format and returns the path.

    Options that are not given have their defaults.
    """

    def write(
        format_name: str,
        entries: Iterable[EventPrediction | Failure],
        labels=LABELS,
        root: Path | None = None,
        notes: tuple[str, ...] = (),
        **options,
    ) -> Path:
        output_format = plugins().get(OutputFormat, format_name)
        defaults = {option.key: option.default for option in output_format.options}
        created = datetime(2026, 3, 1, 12, 30, 5, 7, UTC)
        context = OutputContext(
            "model.onnx", labels, created, root or Path.cwd(), {**defaults, **options}, notes
        )
        path = tmp_path / f"written.{format_name}"
        output_format.write(iter(entries), path, context)
        return path

    return write
