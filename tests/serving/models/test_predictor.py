"""The server predicts the same as `ctc predict`."""

from __future__ import annotations

import csv
from base64 import b64encode
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ctc.cli.main import run


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Write noise in several formats and sizes, one of it rotated by EXIF, and a file of text."""
    folder = tmp_path_factory.mktemp("photos")
    for number, (suffix, size, turn) in enumerate(
        [(".jpg", (400, 300), 6), (".jpg", (33, 21), 1), (".png", (64, 64), 1)]
    ):
        noise = np.random.default_rng(number).integers(0, 256, (*size[::-1], 3), dtype=np.uint8)
        exif = Image.Exif()
        exif[0x0112] = turn
        Image.fromarray(noise).save(folder / f"{number}{suffix}", exif=exif)
    (folder / "broken.jpg").write_bytes(b"no photo")
    return sorted(folder.iterdir())


@pytest.fixture(scope="module", params=["random", "grayscale_stacking"])
def both(request, photos, write_model, running_server, tmp_path_factory):
    """Return a server and the rows of `ctc predict` with the same model, by id and label."""
    folder = tmp_path_factory.mktemp("both")
    model = write_model(folder / "model.onnx", image_choice=request.param)
    table = folder / "events.csv"
    rows = [f"together,{path}" for path in photos] + [
        f"alone {path.name},{path}" for path in photos
    ]
    table.write_text("\n".join(["event,photo", *rows]) + "\n")
    output = folder / "p.csv"
    options = ["--event-id", "event", "--image", "photo", "--output", str(output)]
    assert run(["predict", str(model), str(table), *options]) == 3
    with output.open(newline="") as file:
        said = {(row["id"], row["label"]): row for row in csv.DictReader(file)}
    with running_server({"model": model}, poll_interval=0) as server:
        yield server, said


def test_predictor_gives_the_predictions_of_ctc_predict(both, photos) -> None:
    server, said = both
    instances = [
        {"b64": b64encode(path.read_bytes()).decode(), "event": "together"} for path in photos
    ]
    instances += [
        {**instance, "event": f"alone {path.name}"}
        for instance, path in zip(instances, photos, strict=True)
    ]
    answered = {
        (event["id"], label): (answer["class"], f"{answer['confidence']:.4f}")
        for event in server.predict({"instances": instances}).json["predictions"]
        for label, answer in event["labels"].items()
    }
    assert answered == {
        key: (row["prediction_top"], row["confidence_top"]) for key, row in said.items()
    }
