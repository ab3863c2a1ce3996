"""Clips in requests: events of frames, decoded in memory."""

from __future__ import annotations

import csv
from base64 import b64encode
from pathlib import Path

import pytest
from bright_detector import write_bright_detector
from drawn_clips import write_clip, write_sound

from ctc.cli.main import run
from ctc.images.clips.frame_choice import FrameChoice

PATH = "/v1/models/model:predict"
CREATED = {"creation_time": "2025-05-04T06:07:08Z"}


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a clip of 3 s."""
    return write_clip(tmp_path_factory.mktemp("clip") / "a.mp4", 30, metadata=CREATED)


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return the first part of a clip."""
    path = tmp_path_factory.mktemp("cut") / "a.mp4"
    whole = write_clip(path, 40, muxer={"movflags": "faststart"}).read_bytes()
    return whole[: len(whole) // 2]


def send(server, data: bytes, query: str = ""):
    return server.ask("POST", f"{PATH}{query}", data, content_type="video/mp4")


def form(*parts: tuple[str, str | None, bytes]) -> bytes:
    lines = []
    for name, file_name, data in parts:
        file = "" if file_name is None else f'; filename="{file_name}"'
        head = f'--b\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
        lines.append(head.encode() + data + b"\r\n")
    return b"".join(lines) + b"--b--\r\n"


def send_form(server, *parts: tuple[str, str | None, bytes], query: str = ""):
    kind = "multipart/form-data; boundary=b"
    return server.ask("POST", f"{PATH}{query}", form(*parts), content_type=kind)


def names(event) -> list[str]:
    return [photo["name"] for photo in event["photos"]]


def test_predict_takes_a_clip_as_one_event(server, clip: Path) -> None:
    (event,) = send(server, clip.read_bytes()).json["predictions"]
    assert names(event) == ["0#t=0", "0#t=1", "0#t=2"]
    assert [photo["taken"] for photo in event["photos"]] == [
        "2025-05-04T06:07:08",
        "2025-05-04T06:07:09",
        "2025-05-04T06:07:10",
    ]


def test_predict_takes_clips_and_photos_of_an_event_together(server, clip: Path, jpeg) -> None:
    files = [("photo", "x.jpg", jpeg()), ("photo", "y.mp4", clip.read_bytes())]
    reply = send_form(server, ("event", None, b"e1"), *files, query="?frames=2")
    (event,) = reply.json["predictions"]
    assert (event["id"], names(event)) == ("e1", ["x.jpg", "y.mp4#t=0.725", "y.mp4#t=2.175"])
    alone = send_form(server, *files, query="?frames=2").json["predictions"]
    assert [event["id"] for event in alone] == ["x.jpg", "y.mp4"]


def test_predict_takes_clips_in_json(server, clip: Path) -> None:
    instance = {"b64": b64encode(clip.read_bytes()).decode()}
    (row,) = server.predict({"instances": [instance]}, "?answers=arrays").json["predictions"]
    assert row["species"] == pytest.approx([0.55, 0.45], abs=0.05)


def test_kserve_takes_a_clip_as_one_event(server, clip: Path) -> None:
    data = b64encode(clip.read_bytes()).decode()
    images = {"name": "images", "shape": [1], "datatype": "BYTES", "data": [data]}
    outputs = server.post("/v2/models/model/infer", {"inputs": [images]}).json["outputs"]
    assert [one["shape"] for one in outputs] == [[1, 2], [1, 2]]


def test_predict_answers_as_the_command(serve, clip: Path, model_file: Path, tmp_path) -> None:
    output = tmp_path / "p.csv"
    options = ["--frames", "5", "--frames-by", "change", "--output", str(output)]
    assert run(["predict", str(model_file), str(clip), *options]) == 0
    server = serve(frames=FrameChoice(count=5, by="change"))
    (event,) = send(server, clip.read_bytes()).json["predictions"]
    with output.open() as file:
        rows = {row["label"]: row for row in csv.DictReader(file)}
    for label, row in rows.items():
        answer = event["labels"][label]
        assert answer["class"] == row["prediction_top"]
        assert answer["confidence"] == pytest.approx(float(row["confidence_top"]), abs=1e-4)


def test_predict_stacks_the_frames_of_a_clip(serve, write_model, clip: Path, tmp_path) -> None:
    stacking = write_model(tmp_path / "model.onnx", image_choice="grayscale_stacking")
    server = serve({"model": stacking})
    (event,) = send(server, clip.read_bytes(), "?frames=5").json["predictions"]
    assert len(event["photos"]) == 5


def test_predict_finds_boxes_in_frames(serve, clip: Path, tmp_path) -> None:
    server = serve(detector=write_bright_detector(tmp_path / "detector.onnx"))
    (event,) = send(server, clip.read_bytes()).json["predictions"]
    assert [len(photo["boxes"]) for photo in event["photos"]] == [1, 1, 1]


def test_predict_refuses_a_clip_that_is_cut_off(server, cut: bytes) -> None:
    reply = send(server, cut)
    assert reply.status == 422
    assert "truncated video: " in reply.error


def test_predict_uses_a_clip_that_is_cut_off_when_told(serve, cut: bytes) -> None:
    (event,) = send(serve(truncated="use"), cut).json["predictions"]
    assert names(event) == ["0#t=0", "0#t=1"]


def test_predict_names_a_clip_that_fails_beside_photos(server, jpeg, tmp_path) -> None:
    sound = write_sound(tmp_path / "a.mp4").read_bytes()
    reply = send_form(server, ("photo", "x.jpg", jpeg()), ("photo", "y.mp4", sound))
    (first, second) = reply.json["predictions"]
    assert names(first) == ["x.jpg"]
    (failure,) = second["failures"]
    assert failure["name"] == "y.mp4"
    assert "sound alone" in failure["reason"]


def test_predict_refuses_more_frames_than_photos_are_allowed(serve, clip: Path) -> None:
    server = serve(limits={"max_photos": 4})
    assert send(server, clip.read_bytes(), "?frames=4").status == 200
    reply = send(server, clip.read_bytes(), "?frames=5")
    assert reply.status == 413
    assert reply.error == (
        "clip '0' has 5 frames to look at, with which the request is over the limit of 4 photos: "
        "ask for fewer, such as ?frames=8"
    )


def test_predict_refuses_frames_with_too_many_pixels(serve, clip: Path) -> None:
    reply = send(serve(limits={"max_pixels": 10_000}), clip.read_bytes())
    assert reply.status == 422
    assert "320 × 240 pixels, more than the limit of 10,000 pixels" in reply.error


def test_predict_stops_to_decode_when_the_time_is_over(serve, tmp_path) -> None:
    long = write_clip(tmp_path / "a.mp4", 3_000, options={"preset": "ultrafast"})
    server = serve(limits={"timeout": 0.3, "max_photos": 256})
    assert send(server, long.read_bytes(), "?frames=256").status == 504
    server.wait_for("ctc_queue_photos", 0)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("?frames=0", "'frames' is '0', not a whole number from 1 to 100,000"),
        ("?frames=1.5", "'frames' is '1.5', not a whole number from 1 to 100,000"),
        ("?frame_rate=nan", "'frame_rate' is 'nan', not a number above 0, at most 1,000"),
        ("?frames=2&frame_rate=1", "'frames' and 'frame_rate' exclude each other: leave one out"),
        ("?frames_by=change", "'frames_by=change' needs the number of frames: add '&frames=5'"),
    ],
)
def test_predict_refuses_bad_choices_of_frames(server, clip, query: str, message: str) -> None:
    reply = send(server, clip.read_bytes(), query)
    assert (reply.status, reply.error) == (400, message)
