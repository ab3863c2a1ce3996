"""`ctc serve --detector`: every box of a photo gets its answer."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageDraw

from ctc.artifacts.boxes import Box
from ctc.detection.detector import DetectionConfig
from ctc.errors import InputError
from ctc.images.crop import square_around
from ctc.inference.animal_crops import MARGIN


def photo_with(*rectangles: tuple[int, int, int, int]) -> bytes:
    photo = Image.new("RGB", (640, 480), (40, 60, 40))
    for left, top, right, bottom in rectangles:
        corners = (left, top, right - 1, bottom - 1)
        ImageDraw.Draw(photo).rectangle(corners, fill=(255, 230, 230))
    file = io.BytesIO()
    photo.save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def detecting(serve, tmp_path, write_bright_detector):
    detector = write_bright_detector(tmp_path / "bright.onnx", (320, 320))
    return serve(detector=detector, boxes=DetectionConfig(min_confidence=0.5))


def send(server, photo: bytes) -> dict:
    reply = server.ask("POST", "/v1/models/model:predict", photo, content_type="image/png")
    assert reply.status == 200
    (event,) = reply.json["predictions"]
    return event


def test_answer_has_the_boxes_of_a_photo(detecting, serve) -> None:
    photo = photo_with((100, 60, 200, 160))
    event = send(detecting, photo)
    (found,) = event["photos"]
    (box,) = found["boxes"]
    assert box["category"] == "animal"
    assert box["confidence"] == pytest.approx(0.9)
    assert box["bbox"] == pytest.approx([100 / 640, 60 / 480, 100 / 640, 100 / 480], abs=0.004)
    place = square_around(Box(*box["bbox"]), 480, 640, MARGIN)
    corners = (place.left, place.top, place.left + place.width, place.top + place.height)
    crop = io.BytesIO()
    Image.open(io.BytesIO(photo)).crop(corners).save(crop, "PNG")
    alone = send(serve(), crop.getvalue())["labels"]["species"]["probabilities"]
    species = event["labels"]["species"]
    assert species["probabilities"]["fox"] == pytest.approx(alone["fox"], abs=0.005)
    assert species == found["labels"]["species"] == box["labels"]["species"]


def test_photo_without_a_box_is_blank(detecting) -> None:
    event = send(detecting, photo_with())
    assert event["photos"][0]["boxes"] == []
    assert event["labels"]["species"]["class"] == "blank"


def test_model_tells_the_classes_of_the_detector(detecting) -> None:
    details = detecting.get("/v1/models/model/metadata")
    if details.status != 200:
        details = detecting.get("/v1/models")
    assert "blank" in details.body.decode()
    assert "human" in details.body.decode()


def test_classifier_is_no_detector(serve, model_file) -> None:
    with pytest.raises(InputError, match="it is a classifier: give it to `ctc predict`"):
        serve(detector=model_file)
