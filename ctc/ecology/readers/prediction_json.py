"""Prediction files in JSON, with the photos and boxes of each event."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.predictions import CLASSIFIED_BY
from ctc.ecology.readers.prediction_columns import COUNT, PRESENT, PredictionColumns, parse_number
from ctc.errors import InputError, UsageError, did_you_mean
from ctc.evaluation.answers.prediction_file import json_events

_BATCH = 5_000


def read_json(path: Path, label: str, names: Mapping[str, str]) -> PredictionColumns:
    """Read the events; `label`: '' for the first; `names`: further text columns by meaning."""
    import pyarrow as pa

    events, found = json_events(path), PredictionColumns()
    while batch := list(islice(events, _BATCH)):
        label = label or next(iter(batch[0][1]["aggregated_pred"]), "")
        if label not in (known := batch[0][1]["aggregated_pred"]):
            raise UsageError(f"there is no label '{label}'{did_you_mean(label, known)}")
        try:
            rows = [_json_event(key, entry, label, names) for key, entry in batch]
            maps = [entry["aggregated_pred"][label] for _, entry in batch]
            for key, entry in batch:
                if COUNT in entry["predictions_top"]:
                    found.counts[key] = entry["predictions_top"][COUNT]
        except (KeyError, TypeError, AttributeError):
            raise InputError(f"'{path}' is not as `ctc predict` writes it") from None
        part = {
            name: pa.array([one[name] for one in rows], kind)
            for name, kind in _json_types().items()
        }
        found.add(part, *_values(maps))
    return found


def _values(
    maps: Sequence[Mapping[str, float]],
) -> tuple[tuple[str, ...], NDArray[np.float32]]:
    """Return the classes and probabilities (rows, classes), 0 for a class that a row lacks."""
    classes = tuple(maps[0])
    if all(tuple(one) == classes for one in maps):
        return classes, np.array([list(one.values()) for one in maps], np.float32)
    classes = tuple(dict.fromkeys(name for one in maps for name in one))
    return classes, np.array([[one.get(name, 0.0) for name in classes] for one in maps], np.float32)


def _json_types() -> dict[str, Any]:
    import pyarrow as pa

    texts = dict.fromkeys(("id", "top", "time", "by", "station", "camera"), pa.string())
    numbers = dict.fromkeys(("latitude", "longitude"), pa.float64())
    lists = dict.fromkeys(("photos", "taken", "present"), pa.list_(pa.string()))
    return {**texts, **numbers, **lists, "group": pa.int64()}


def _json_event(key: str, entry: Any, label: str, names: Mapping[str, str]) -> dict[str, Any]:
    first = entry["images"][0] if entry["images"] else {}
    meta = {**first, **{k: v for k, v in entry["meta_data"].items() if v is not None}}
    top = entry["predictions_top"].get(label)
    return {
        "id": key,
        "top": top,
        "time": _text(meta.get("datetime")),
        "by": _text(entry.get(CLASSIFIED_BY, {}).get(label)),
        "latitude": parse_number(meta.get("latitude")),
        "longitude": parse_number(meta.get("longitude")),
        "group": _most_boxes(entry["images"], label, top),
        "present": entry.get(PRESENT, {}).get(label),
        "photos": [photo["path"] for photo in entry["images"]],
        "taken": [_text(photo.get("datetime")) for photo in entry["images"]],
        **{meaning: _text(meta.get(name)) for meaning, name in names.items()},
    }


def _most_boxes(photos: Sequence[Any], label: str, answer: str) -> int | None:
    """Return the most boxes in one photo that are most probably of a class; None without boxes."""
    if not any("boxes" in photo for photo in photos):
        return None
    return max(
        Counter(
            max(box["predictions"][label], key=box["predictions"][label].get)
            for box in photo.get("boxes", ())
        )[answer]
        for photo in photos
    )


def _text(value: Any) -> str | None:
    return None if value is None or value == "" else str(value)
