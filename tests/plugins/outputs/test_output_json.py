from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ctc.plugin import OutputFormat
from ctc.plugin.manager import plugins


def write(predictions, path: Path) -> dict[str, Any]:
    plugins().get(OutputFormat, "json").write(iter(predictions), path)
    return json.loads(path.read_text(encoding="utf-8"))


def test_an_event_holds_what_the_seed_wrote(predictions, tmp_path: Path) -> None:
    assert write(predictions, tmp_path / "p.json")["1"] == {
        "predictions_top": {"species": "cat", "standing": "1"},
        "confidences_top": {"species": 0.535, "standing": 0.5399},
        "aggregated_pred": {"species": {"cat": 0.535, "dog": 0.465}, "standing": {"0": 0.4601, "1": 0.5399}},
        "images": [
            {"path": "a.jpg", "predictions": {"species": {"cat": 0.6, "dog": 0.4}, "standing": {"0": 0.5, "1": 0.5}}},
            {
                "path": "b.jpg",
                "predictions": {"species": {"cat": 0.47, "dog": 0.53}, "standing": {"0": 0.42, "1": 0.58}},
            },
        ],
        "meta_data": {"site": "N", "id": None},
    }


def test_any_name_survives(predictions, tmp_path: Path) -> None:
    odd = write(predictions, tmp_path / "p.json")['2,"x"\n']
    assert odd["predictions_top"]["species"] == "🦊, fox"
    assert list(odd["aggregated_pred"]["species"]) == ['say "cat", or\nnot', "🦊, fox"]
    assert odd["images"][0]["path"] == "ü\udce9.jpg"


def test_without_predictions_the_object_is_empty(tmp_path: Path) -> None:
    assert write([], tmp_path / "p.json") == {}
