"""Predictions of existing photos, with names that contain markup."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ctc.evaluation.answers.predictions import EvaluationData, UnitPredictions
from ctc.evaluation.html.evaluation_report import ReportExtras, write_evaluation_report
from ctc.evaluation.html.thumbnails import thumbnails_from_files
from ctc.evaluation.metrics.evaluate import EvaluationContext, evaluate

HOSTILE = "<script>alert(1)</script>"
CLASSES = ("empty", HOSTILE, "a \"quoted\" & 'odd' name", "🦊")
VOID = {"meta", "link", "img", "input", "br"}


class Page(HTMLParser):
    """The content of a page: all tags with attributes, the text, and unmatched tags."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.source, self.tags, self.text, self.unmatched = text, [], "", []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        self.unmatched += self._open

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.unmatched.append(f"/{tag}")

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str, attribute: str) -> list[str]:
        return [found[attribute] for name, found in self.tags if name == tag and attribute in found]

    @property
    def ids(self) -> list[str]:
        return [found["id"] for _, found in self.tags if "id" in found]


@pytest.fixture
def read_page() -> Callable[[Path], Page]:
    """A function that parses a page."""
    return lambda path: Page(path.read_text(encoding="utf-8"))


@pytest.fixture
def photos(tmp_path: Path) -> list[str]:
    """Twelve photos, one with markup in its name."""
    paths = [tmp_path / f"{i}.jpg" for i in range(11)] + [tmp_path / "<b>&'bold'.jpg"]
    for i, path in enumerate(paths):
        noise = np.random.default_rng(i).integers(0, 256, (300, 400, 3), dtype=np.uint8)
        Image.fromarray(noise).save(path)
    return [str(path) for path in paths]


@pytest.fixture
def data(photos: list[str]) -> EvaluationData:
    """48 events of 4 classes at 3 locations on two days; every sixth prediction is wrong."""
    count = 48
    truth = np.arange(count) % 4
    predicted = np.where(np.arange(count) % 6 == 5, (truth + 1) % 4, truth)
    confidence = np.linspace(0.5, 0.95, count)
    probabilities = np.repeat(((1 - confidence) / 3)[:, None], 4, axis=1)
    probabilities[np.arange(count), predicted] = confidence
    return EvaluationData(
        classes={"species": CLASSES},
        event_ids=tuple(f"event {i}" for i in range(count)),
        truth={"species": truth.astype(np.int32)},
        photos_in_event=np.ones(count, np.int32),
        location=(np.arange(count) % 3).astype(np.int32),
        locations=("camera 1", "camera 2", "<i>camera</i> 3"),
        light=(np.arange(count) % 2).astype(np.int8),
        timestamps=tuple(f"2024-03-0{1 + i // 24}T{i % 24:02d}:00:00" for i in range(count)),
        events=UnitPredictions(
            np.arange(count, dtype=np.int32),
            tuple(photos[i % len(photos)] for i in range(count)),
            {"species": probabilities.astype(np.float32)},
        ),
        photos=None,
    )


@pytest.fixture
def data_without_facts(data: EvaluationData) -> EvaluationData:
    """The same without locations, daylight and times."""
    unknown = np.full(len(data.event_ids), -1)
    return replace(
        data,
        location=unknown.astype(np.int32),
        locations=(),
        light=unknown.astype(np.int8),
        timestamps=("",) * len(data.event_ids),
    )


@pytest.fixture
def write_report(tmp_path: Path) -> Callable[..., Path]:
    """A function that evaluates predictions and writes their report.

    Keyword arguments are those of `ReportExtras`.
    """

    def write(data: EvaluationData, **extras: Any) -> Path:
        evaluation = evaluate(data, EvaluationContext({"model": "<model>.onnx", "split": "test"}))
        return write_evaluation_report(
            evaluation, data, tmp_path / "report", thumbnails_from_files(), ReportExtras(**extras)
        )

    return write
