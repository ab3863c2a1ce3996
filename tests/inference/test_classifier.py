from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ctc
from ctc.artifacts.predictions import Failure
from ctc.errors import UsageError

ROOT = Path(__file__).resolve().parents[2]
RED = 1 / (1 + np.exp(-1))


def test_classifier_predicts_paths(model, draw, tmp_path) -> None:
    photos = [draw("red.png"), tmp_path / "gone.jpg"]
    events, failures = ctc.load_model(model).predict(photos)
    gone = str(photos[1])
    assert failures == [Failure(gone, "no such file or directory", event_id=gone)]
    assert events[0].id == str(photos[0])
    assert events[0].top("species") == ("fox", pytest.approx(RED))


def test_classifier_predicts_events_by_id(model, draw) -> None:
    photos = {
        "1": [draw("red.png"), str(draw("blue.png", (0, 0, 255)))],
        "2": [draw("green.png", (0, 255, 0))],
    }
    first, second = ctc.load_model(str(model)).predict(photos, aggregation="max").events
    assert [len(event.images) for event in (first, second)] == [2, 1]
    assert first.probabilities["species"] == pytest.approx([RED, RED])


def test_classifier_info_has_labels(model) -> None:
    assert ctc.load_model(model).info.labels == {"species": ("fox", "wolf"), "count": ("1", "2+")}


def test_load_model_options_apply_to_predictions(model, draw) -> None:
    classifier = ctc.load_model(model, threshold=0.9, threads=1, batch_size=3, provider="cpu")
    assert classifier.predict([draw("red.png")]).events[0].top("species") == (
        "unknown",
        pytest.approx(RED),
    )


def test_classifier_suggests_nearest_aggregation(model, draw) -> None:
    with pytest.raises(Exception, match="did you mean 'mean'"):
        ctc.load_model(model).predict([draw("red.png")], aggregation="maen")


def test_load_model_refuses_missing_file(tmp_path) -> None:
    with pytest.raises(UsageError, match="is not there"):
        ctc.load_model(tmp_path / "model.onnx")


def test_classifier_predicts_bytes_and_arrays_like_files(model, draw) -> None:
    path = draw("blue.png", (0, 0, 255))
    pixels = np.asarray(Image.open(path).convert("RGB"))
    classifier = ctc.load_model(model)
    photos = [path, path.read_bytes(), pixels, pixels[..., ::-1][..., ::-1]]
    events, failures = classifier.predict(photos)
    assert not failures
    assert [event.id for event in events] == [str(path), "photo 1", "photo 2", "photo 3"]
    for event in events:
        assert np.array_equal(event.probabilities["species"], events[0].probabilities["species"])


def test_classifier_mixes_files_and_memory_in_an_event(model, draw) -> None:
    path = draw("red.png")
    photos = {7: [path, path.read_bytes(), b"", b"no photo"]}
    events, failures = ctc.load_model(model).predict(photos)
    assert [photo.path for photo in events[0].images] == [str(path), "photo 1"]
    assert [(one.event_id, one.path) for one in failures] == [("7", "photo 2"), ("7", "photo 3")]
    assert failures[0].reason == "empty file"


def test_classifier_failures_keep_their_event(model, draw, tmp_path) -> None:
    gone = str(tmp_path / "gone.jpg")
    classifier = ctc.load_model(model)
    photos = {"visit 1": [draw("red.png")], "visit 2": [gone], "visit 3": []}
    assert classifier.predict(photos).failures == [
        Failure(gone, "no such file or directory", event_id="visit 2"),
        Failure("visit 3", "the event names no photo", of_event=True, event_id="visit 3"),
    ]
    streamed = [result.failures for result in classifier.stream(photos)]
    assert [[one.event_id for one in failures] for failures in streamed] == [
        [],
        ["visit 2"],
        ["visit 3"],
    ]


@pytest.mark.parametrize(
    ("photos", "message"),
    [
        ("photo.jpg", "photos: a single str is given, put it into a list"),
        (Path("photo.jpg"), r"photos: a single \w+Path is given"),
        (b"jpeg", "photos: a single bytes"),
        (np.zeros((4, 4, 3), np.uint8), "photos: a single ndarray"),
        ({"a": "photo.jpg"}, "the photos of event 'a': a single str"),
        (7, "photos is of the type 'int': give a list of paths"),
        ([7], "photo 0 is of the type 'int', not a path, the bytes of a file"),
        ([Image.new("RGB", (4, 4))], r"give numpy.asarray\(image.convert\('RGB'\)\)"),
        (["a.jpg", np.zeros((4, 4, 3))], "photo 1 is an array of float64 with the shape"),
        ([np.zeros((4, 4), np.uint8)], r"give RGB pixels as uint8 \(height, width, 3\)"),
    ],
)
def test_classifier_refuses_what_is_no_photo(model, photos, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        ctc.load_model(model).predict(photos)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"truncated": "maybe"}, "there is no truncated 'maybe': there are 'fail', 'use'"),
        ({"provider": "gpu"}, "there is no provider 'gpu': did you mean 'cuda'"),
        ({"provider": "cdua"}, "did you mean 'cuda'"),
        ({"precision": "float"}, "there is no precision 'float': did you mean 'float"),
        ({"threshold": 80}, "threshold is 80: give a number from 0 to 1"),
        ({"threshold": "0.8"}, "threshold is '0.8'"),
        ({"threads": -1}, "threads is -1: give a whole number from 1 to 1024"),
        ({"threads": 0}, "threads is 0"),
        ({"batch_size": 1.5}, "batch_size is 1.5: give a whole number from 1 to 4096"),
        ({"classes": "fox"}, "the argument classes is 'fox': give a list of names"),
        ({"classes": []}, "the argument classes is empty"),
        ({"classes": ["fxo"]}, "the argument classes has a class 'fxo' .* did you mean 'fox'"),
        ({"classes": {"specis": ["fox"]}}, "has a label 'specis' .* did you mean 'species'"),
    ],
)
def test_load_model_checks_its_arguments(model, arguments, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        ctc.load_model(model, **arguments)


def test_load_model_refuses_what_is_no_path() -> None:
    with pytest.raises(UsageError, match="the model is of the type 'bytes': give its path or URL"):
        ctc.load_model(b"onnx")  # type: ignore[arg-type]


@pytest.mark.parametrize("classes", [["wolf"], {"species": ("wolf",)}, Path("classes.txt")])
def test_load_model_classes_restrict_the_answers(model, draw, tmp_path, monkeypatch, classes):
    monkeypatch.chdir(tmp_path)
    Path("classes.txt").write_text("wolf")
    (event,) = ctc.load_model(model, classes=classes).predict([draw("red.png")]).events
    assert event.top("species") == ("wolf", 1.0)
    assert event.classes["count"] == ("1", "2+")


@pytest.mark.subprocess
def test_import_ctc_imports_nothing_heavy() -> None:
    code = (
        "import sys, ctc; ctc.load_model\n"
        "heavy = {'numpy', 'cv2', 'PIL', 'onnxruntime', 'click'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout
        == "[]\n"
    )


@pytest.mark.subprocess
def test_readme_lines_run_with_onnxruntime_and_pillow_alone(model, draw, tmp_path) -> None:
    Image.new("RGB", (24, 16), (255, 0, 0)).save(tmp_path / "photo.jpg")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = next(
        code
        for code in re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
        if "onnxruntime" in code
    )
    lines = re.sub(r'"[^"]*\.onnx"', json.dumps(str(model)), lines)
    lines = re.sub(r'"[^"]*\.JPG"', json.dumps(str(tmp_path / "photo.jpg")), lines)
    hide = "import sys; sys.modules.update(dict.fromkeys(('ctc', 'cv2', 'tensorflow'), None))\n"
    done = subprocess.run(
        [sys.executable, "-c", hide + lines],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert ast.literal_eval(done.stdout or done.stderr) == pytest.approx(
        {"fox": RED, "wolf": 1 - RED}, abs=2e-3
    )
