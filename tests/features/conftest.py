"""Embeddings files of few features."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from ctc.features.embed.results import EventFeatures, PhotoFeatures
from ctc.features.store import Embeddings, write_embeddings
from ctc.plugin import OutputContext

Photo = tuple[str, str, Sequence[float]]
"""Event, path and features."""
WriteEmbeddings = Callable[..., Embeddings]


@pytest.fixture
def write_features(tmp_path: Path) -> WriteEmbeddings:
    """A function that writes an embeddings file of photos and reads it; `meta` by event."""

    def write(
        photos: Sequence[Photo],
        meta: Mapping[str, Mapping[str, str]] | None = None,
        name: str = "e.parquet",
        folder: Path | None = tmp_path,
        digest: str = "ab",
    ) -> Embeddings:
        settings = {
            "feature_size": len(photos[0][2]),
            "folder": None if folder is None else str(folder),
        }
        context = OutputContext(
            "m.onnx",
            {},
            datetime(2026, 1, 2, tzinfo=UTC),
            tmp_path,
            {},
            settings=settings,
            model_digest=digest,
        )
        events = []
        for event, path, features in photos:
            columns = (meta or {}).get(event, {})
            photo = PhotoFeatures(path, np.array(features, np.float32), meta=columns)
            events.append(EventFeatures(event, (photo,), columns))
        write_embeddings(iter(events), tmp_path / name, context)
        return Embeddings.read(tmp_path / name)

    return write
