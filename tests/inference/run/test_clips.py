from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from bright_detector import write_bright_detector
from drawn_clips import write_clip
from PIL import Image

from ctc.cli.main import run
from ctc.inference.journal.journal import Journal

CREATED = {"creation_time": "2025-05-04T06:07:08Z"}


@pytest.fixture
def camera(tmp_path: Path) -> Path:
    """A folder with a photo, a clip of 1.5 s and one that is no video."""
    folder = tmp_path / "cam"
    folder.mkdir()
    Image.new("RGB", (320, 240), (200, 30, 30)).save(folder / "a.jpg")
    write_clip(folder / "b.mp4", 15, metadata=CREATED)
    (folder / "c.mp4").write_bytes(b"text")
    return folder


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def ctc(*arguments: object) -> int:
    return run([*map(str, arguments)])


def test_predict_answers_a_clip_as_one_event(model: Path, camera: Path, tmp_path: Path) -> None:
    assert ctc("predict", model, camera, "--output", tmp_path / "p.csv") == 3
    rows = [row for row in table(tmp_path / "p.csv") if row["label"] == "species"]
    assert [row["id"] for row in rows] == [str(camera / "a.jpg"), str(camera / "b.mp4")]
    assert rows[1]["datetime"] == "2025-05-04T06:07:08"
    (failed,) = table(tmp_path / "p.csv.failures.csv")
    assert failed["path"] == str(camera / "c.mp4")
    assert failed["reason"].startswith("not a video of a known kind")


def test_predict_takes_the_frames_that_are_chosen(
    model: Path, camera: Path, tmp_path: Path
) -> None:
    clip, output = camera / "b.mp4", tmp_path / "p.json"
    assert ctc("predict", model, clip, "--frames", 3, "--output", output) == 0
    images = json.loads(output.read_text())[str(clip)]["images"]
    assert [image["path"].partition("#")[2] for image in images] == ["t=0.233", "t=0.7", "t=1.167"]


def test_predict_resumes_to_the_same_bytes_with_clips(
    model: Path, camera: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (camera / "c.mp4").unlink()
    for number in range(4):
        write_clip(camera / f"d{number}.mp4", 12, metadata=CREATED)
    assert ctc("predict", model, camera, "--batch-size", 1, "--output", tmp_path / "whole.csv") == 0
    part = tmp_path / "p.csv"
    options = ("--batch-size", 1, "--output", part)
    append, seen = Journal.append, []

    def stop(journal: Journal[object], result: object) -> None:
        if len(seen) == 3:
            raise KeyboardInterrupt
        seen.append(result)
        append(journal, result)  # type: ignore[arg-type]
        journal.flush()

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "append", stop)
        assert ctc("predict", model, camera, *options) == 130
    assert ctc("predict", model, camera, *options, "--resume") == 0
    assert part.read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_predict_writes_videos_in_megadetectors_format(
    model: Path, camera: Path, tmp_path: Path
) -> None:
    output = tmp_path / "p.megadetector.json"
    assert ctc("predict", model, camera, "--frame-rate", 2, "--output", output) == 3
    photo, video, failed = json.loads(output.read_text())["images"]
    assert "frame_rate" not in photo
    assert video["file"] == "b.mp4"
    assert (video["frame_rate"], video["frames_processed"]) == (10, [0, 5, 10])
    assert [one["frame_number"] for one in video["detections"]] == [0, 5, 10]
    assert video["datetime"] == "2025:05:04 06:07:08"
    assert (failed["file"], failed["detections"]) == ("c.mp4", None)


def test_detect_writes_videos_in_megadetectors_format(camera: Path, tmp_path: Path) -> None:
    detector = write_bright_detector(tmp_path / "bright.onnx")
    (camera / "c.mp4").unlink()
    assert ctc("detect", detector, camera, "--output", tmp_path / "b.json") == 0
    _, video = json.loads((tmp_path / "b.json").read_text())["images"]
    assert (video["frame_rate"], video["frames_processed"]) == (10, [0, 10])
    assert [one["frame_number"] for one in video["detections"]] == [0, 10]
    assert (video["height"], video["width"]) == (240, 320)


def test_predict_writes_one_medium_per_clip_in_camtrap_dp(
    model: Path, camera: Path, tmp_path: Path
) -> None:
    package = tmp_path / "p.camtrap-dp"
    assert ctc("predict", model, camera, "--time-zone", "+02:00", "--output", package) == 3
    media = table(package / "media.csv")
    assert [(row["fileName"], row["fileMediatype"]) for row in media] == [
        ("a.jpg", "image/jpeg"),
        ("b.mp4", "video/mp4"),
    ]
    clip = media[1]["mediaID"]
    event, *frames = [
        row for row in table(package / "observations.csv") if row["eventID"].endswith("b.mp4")
    ]
    assert (event["eventStart"][-14:-6], event["eventEnd"][-14:-6]) == ("06:07:08", "06:07:09")
    assert [(row["mediaID"], row["eventStart"][-14:-6]) for row in frames] == [
        (clip, "06:07:08"),
        (clip, "06:07:09"),
    ]
    assert len({row["observationID"] for row in frames}) == 2


def test_predict_writes_frames_as_jpegs_into_class_folders(
    model: Path, camera: Path, tmp_path: Path
) -> None:
    clip, output = camera / "b.mp4", tmp_path / "sorted"
    assert ctc("predict", model, clip, "--format", "folders", "--output", output) == 0
    frames = sorted(output.glob("*/*.jpg"))
    assert [frame.name.partition("#")[2] for frame in frames] == ["t=0.jpg", "t=1.jpg"]
    with Image.open(frames[0]) as image:
        assert (image.format, image.size) == ("JPEG", (320, 240))


def test_inventory_and_dataset_store_frames_as_jpegs(tmp_path: Path) -> None:
    for name in ("fox", "hare"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(3):
            write_clip(tmp_path / "photos" / name / f"{number}.mp4", 15)
    inventory = tmp_path / "i.parquet"
    assert ctc("inventory", "folders", tmp_path / "photos", "--output", inventory) == 0
    assert ctc("dataset", inventory, "--output", tmp_path / "d", "--split", "train=1") == 0
    assert ctc("dataset", "verify", tmp_path / "d") == 0
    (records,) = (tmp_path / "d").glob("*.tfrecord")
    assert records.read_bytes().count(b"\xff\xd8\xff\xe0") == 12


def test_inventory_show_counts_clips(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "photos" / "fox").mkdir(parents=True)
    write_clip(tmp_path / "photos" / "fox" / "b.mp4", 15)
    inventory = tmp_path / "i.parquet"
    ctc("inventory", "folders", tmp_path / "photos", "--output", inventory)
    capsys.readouterr()
    assert ctc("inventory", "show", inventory, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["clips"], found["photos"]) == (1, 2)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--frames", "2", "--frame-rate", "1"], "exclude each other"),
        (["--frames-by", "change"], "add --frames"),
    ],
)
def test_predict_refuses_options_of_frames_that_exclude_each_other(
    model: Path,
    camera: Path,
    tmp_path: Path,
    options: list[str],
    reason: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert ctc("predict", model, camera, *options, "--output", tmp_path / "p.csv") == 2
    assert reason in capsys.readouterr().err


def test_embed_has_a_row_per_frame(build_model, camera: Path, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    network = build_model("features.onnx", features=True)
    output = tmp_path / "e.parquet"
    assert ctc("embed", network, camera / "b.mp4", "--frame-rate", 2, "--output", output) == 0
    paths = pq.read_table(output)["path"].to_pylist()
    assert [path.partition("#")[2] for path in paths] == ["t=0", "t=0.5", "t=1"]


def test_report_shows_frames(model: Path, camera: Path, tmp_path: Path) -> None:
    predictions = tmp_path / "p.json"
    assert ctc("predict", model, camera / "b.mp4", "--output", predictions) == 0
    assert ctc("report", predictions, "--output", tmp_path / "report") == 0
    (page,) = (tmp_path / "report").glob("*.html")
    assert "data:image/jpeg" in page.read_text(encoding="utf-8")


def test_classifier_predicts_frames(model: Path, camera: Path) -> None:
    from ctc import load_model

    clip = camera / "b.mp4"
    found = load_model(model).predict({"deer": [f"{clip}#t=0", f"{clip}#t=1.2"]})
    (event,) = found.events
    assert (event.id, len(event.images)) == ("deer", 2)


def test_predict_reads_clips_at_urls(model: Path, camera: Path, tmp_path: Path) -> None:
    from ctc.storage.paths import parse_path

    folder = parse_path(f"memory://{tmp_path.name}/cam")
    folder.mkdir(parents=True)
    (folder / "b.mp4").write_bytes((camera / "b.mp4").read_bytes())
    output = tmp_path / "p.json"
    assert ctc("predict", model, folder, "--output", output) == 0
    ((name, event),) = json.loads(output.read_text()).items()
    assert name.endswith("/cam/b.mp4")
    assert len(event["images"]) == 2


def test_predict_uses_a_clip_that_is_cut_off_only_when_told(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = write_clip(tmp_path / "a.mp4", 40, muxer={"movflags": "faststart"})
    whole = clip.read_bytes()
    clip.write_bytes(whole[: len(whole) // 2])
    output, missing = tmp_path / "p.csv", len(whole) - len(whole) // 2
    assert ctc("predict", model, clip, "--output", output) == 1
    printed = capsys.readouterr().err
    assert f"truncated video: {missing:,} bytes are missing at its end" in printed
    used = tmp_path / "used.csv"
    assert ctc("predict", model, clip, "--truncated", "use", "--output", used) == 0
    assert "1 clip is cut off, and what is there is used: " in capsys.readouterr().err


def test_predict_says_that_clips_that_are_cut_off_can_be_used(
    model: Path, camera: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_clip(camera / "c.mp4", 40, muxer={"movflags": "faststart"})
    (camera / "c.mp4").write_bytes((camera / "c.mp4").read_bytes()[:-5_000])
    assert ctc("predict", model, camera, "--output", tmp_path / "p.csv") == 3
    printed = capsys.readouterr().err
    assert "1 truncated file can be used, without what is missing: add --truncated use" in printed
