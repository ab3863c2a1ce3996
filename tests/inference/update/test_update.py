"""`--update`: the same bytes as a run over everything, and only what is new is computed."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from drawn_clips import write_clip
from PIL import Image, ImageDraw

from ctc.cli.main import run

Ctc = Callable[..., int]


def ctc(*arguments: object) -> int:
    return run([*map(str, arguments)])


def photo(path: Path, red: int, taken: str | None = None) -> Path:
    """Save a photo of one colour, with an EXIF time if given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    if taken:
        exif.get_ifd(0x8769)[0x9003] = taken
    Image.new("RGB", (64, 48), (red, 0, 255 - red)).save(path, quality=95, exif=exif)
    return path


def bursts(folder: Path, minutes: Iterable[int]) -> None:
    """Save two photos for each minute, a second apart."""
    for minute in minutes:
        for second in (1, 2):
            name = f"{minute:02}_{second}.jpg"
            photo(folder / name, 4 * minute + second, f"2025:06:01 10:{minute:02}:0{second}")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with a camera of ten bursts of two photos, and one that is no photo."""
    bursts(tmp_path / "photos" / "a", range(10))
    (tmp_path / "photos" / "a" / "broken.jpg").write_bytes(b"no photo")
    return tmp_path / "photos"


def change(photos: Path) -> None:
    """Let photos come, join an event, move, be renamed, change, be mended and go."""
    bursts(photos / "b", range(20, 23))
    photo(photos / "a" / "03_3.jpg", 90, "2025:06:01 10:03:05")
    (photos / "moved").mkdir()
    for second in (1, 2):
        (photos / "a" / f"04_{second}.jpg").rename(photos / "moved" / f"04_{second}.jpg")
        (photos / "a" / f"05_{second}.jpg").rename(photos / "a" / f"x5_{second}.jpg")
        (photos / "a" / f"06_{second}.jpg").unlink()
    photo(photos / "a" / "07_1.jpg", 240, "2025:06:01 10:07:01")
    photo(photos / "a" / "broken.jpg", 100)


def files(output: Path) -> dict[str, bytes]:
    """The contents of an output and its list of failures."""
    found = [output, output.with_name(f"{output.name}.failures.csv")]
    return {path.name: path.read_bytes() for path in found if path.exists()}


@pytest.mark.parametrize("suffix", ["csv", "json", "parquet"])
@pytest.mark.parametrize("options", [[], ["--events-within", 3]], ids=["photos", "bursts"])
def test_update_gives_the_bytes_of_a_run_over_everything(
    model, photos, tmp_path, capsys, suffix: str, options: list[Any]
) -> None:
    output, whole = tmp_path / f"p.{suffix}", tmp_path / "whole" / f"p.{suffix}"
    update = ["predict", model, photos, "--output", output, "--update", output, *options]
    assert ctc(*update) == 3
    change(photos)
    capsys.readouterr()
    assert ctc(*update) == 0
    told = capsys.readouterr().err
    assert ctc("predict", model, photos, "--output", whole, *options) == 0
    assert files(output) == files(whole)
    # 6 in b, 03_3, 07_1 and broken are new; so is what shares an event with them
    new = 6 + 1 + 1 + 1 + (3 if options else 0)
    assert f"from 26 photos: {new} in " in told
    assert f", {26 - new} taken over" in told
    assert "2 earlier photos gone, and so without a row" in told


def test_update_of_unchanged_photos_computes_nothing_but_failures(
    model, photos, tmp_path, capsys
) -> None:
    update = ["predict", model, photos, "--output", tmp_path / "p.csv"]
    update += ["--update", tmp_path / "p.csv"]
    assert ctc(*update) == 3
    capsys.readouterr()
    assert ctc(*update) == 3
    assert "20 events predicted from 21 photos: 1 in " in capsys.readouterr().err


def test_update_may_write_another_file_of_another_format(model, photos, tmp_path) -> None:
    ctc("predict", model, photos, "--output", tmp_path / "p.csv", "--update", tmp_path / "p.csv")
    before = files(tmp_path / "p.csv")
    change(photos)
    ctc("predict", model, photos, "--output", tmp_path / "q.json", "--update", tmp_path / "p.csv")
    ctc("predict", model, photos, "--output", tmp_path / "whole" / "q.json")
    assert files(tmp_path / "q.json") == files(tmp_path / "whole" / "q.json")
    assert files(tmp_path / "p.csv") == before
    assert (tmp_path / "q.json.answers").exists()


def test_update_with_other_decisions_decides_about_all(model, photos, tmp_path, capsys) -> None:
    output, whole = tmp_path / "p.csv", tmp_path / "whole" / "p.csv"
    ctc("predict", model, photos, "--output", output, "--update", output)
    ctc("predict", model, photos, "--output", output, "--update", output, "--threshold", 0.6)
    assert ", 20 taken over" in capsys.readouterr().err
    ctc("predict", model, photos, "--output", whole, "--threshold", 0.6)
    assert files(output) == files(whole)
    assert b"unknown" in output.read_bytes()


def test_update_takes_meta_columns_of_today(model, photos, tmp_path, capsys) -> None:
    table = tmp_path / "e.csv"

    def predict(station: str, output: Path, *more: object) -> None:
        table.write_text(f"event,image,station\n1,photos/a/00_1.jpg,{station}\n")
        columns = ["--event-id", "event", "--image", "image"]
        assert ctc("predict", model, table, *columns, "--output", output, *more) == 0

    predict("north", tmp_path / "p.csv", "--update", tmp_path / "p.csv")
    predict("south", tmp_path / "p.csv", "--update", tmp_path / "p.csv")
    assert ", 1 taken over" in capsys.readouterr().err
    predict("south", tmp_path / "whole" / "p.csv")
    assert files(tmp_path / "p.csv") == files(tmp_path / "whole" / "p.csv")


def test_update_knows_a_disk_under_another_name(model, photos, tmp_path, capsys) -> None:
    ctc("predict", model, photos, "--output", tmp_path / "p.csv", "--update", tmp_path / "p.csv")
    photos.rename(tmp_path / "disk")
    update = ["--update", tmp_path / "p.csv"]
    ctc("predict", model, tmp_path / "disk", "--output", tmp_path / "q.csv", *update)
    told = capsys.readouterr().err
    assert ", 20 taken over" in told
    assert "gone" not in told.replace("1 earlier photo gone", "")
    ctc("predict", model, tmp_path / "disk", "--output", tmp_path / "whole" / "q.csv")
    assert files(tmp_path / "q.csv") == files(tmp_path / "whole" / "q.csv")


def test_update_of_relative_paths_from_another_folder(
    model, photos, tmp_path, capsys, monkeypatch
) -> None:
    output = tmp_path / "p.csv"
    monkeypatch.chdir(tmp_path)
    ctc("predict", model, "photos", "--output", output, "--update", output)
    monkeypatch.chdir(photos)
    ctc("predict", model, "a", "--output", output, "--update", output)
    told = capsys.readouterr().err
    assert ", 20 taken over" in told
    assert "gone" not in told


def test_update_compares_clips_as_files(model, tmp_path, capsys) -> None:
    folder, output, whole = tmp_path / "cam", tmp_path / "p.json", tmp_path / "whole" / "p.json"
    folder.mkdir()
    write_clip(folder / "a.mp4", 15)
    write_clip(folder / "b.mp4", 20)
    update = ["predict", model, folder, "--output", output, "--update", output]
    assert ctc(*update) == 0
    (folder / "a.mp4").rename(folder / "c.mp4")
    write_clip(folder / "b.mp4", 25)
    capsys.readouterr()
    assert ctc(*update) == 0
    assert "2 events predicted from 5 photos: 3 in " in capsys.readouterr().err
    assert ctc("predict", model, folder, "--output", whole) == 0
    assert files(output) == files(whole)


@pytest.fixture
def animals(tmp_path: Path) -> Path:
    """A folder of three dark photos with a bright animal each."""
    for number in range(3):
        shown = Image.new("RGB", (640, 480), (40, 60, 40))
        left = 80 + 100 * number
        ImageDraw.Draw(shown).rectangle((left, 100, left + 90, 200), fill=(255, 230, 230))
        (tmp_path / "animals").mkdir(exist_ok=True)
        shown.save(tmp_path / "animals" / f"{number}.png")
    return tmp_path / "animals"


@pytest.fixture
def detector(tmp_path: Path, write_bright_detector: Callable[..., Path]) -> Path:
    return write_bright_detector(tmp_path / "bright.onnx", (320, 320))


def test_update_with_a_detector(model, detector, animals, tmp_path, capsys) -> None:
    output, whole = tmp_path / "p.json", tmp_path / "whole" / "p.json"
    predict = ["predict", model, animals, "--detector", detector]
    assert ctc(*predict, "--output", output, "--update", output) == 0
    (animals / "1.png").rename(animals / "4.png")
    shutil.copy(animals / "0.png", animals / "5.png")
    assert ctc(*predict, "--output", output, "--update", output) == 0
    assert ": 0 in " in capsys.readouterr().err
    assert ctc(*predict, "--output", whole) == 0
    assert files(output) == files(whole)
    assert len(json.loads(output.read_text())) == 4


def test_update_with_repeats_searches_moved_photos_again(
    detector, animals, tmp_path, capsys
) -> None:
    boxes, repeats = tmp_path / "boxes.json", tmp_path / "repeats"
    output, whole = tmp_path / "p.json", tmp_path / "whole" / "p.json"
    for number in range(20):
        shutil.copy(animals / "0.png", animals / f"same{number}.png")
    assert ctc("detect", detector, animals, "--output", boxes) == 0
    find = ["detect", "repeats", boxes, "--image-root", animals, "--output", repeats]
    assert ctc(*find) == 0
    detect = ["detect", detector, animals, "--repeats", repeats / "repeats.json"]
    assert ctc(*detect, "--output", output, "--update", output) == 0
    (tmp_path / "animals" / "moved").mkdir()
    (animals / "same3.png").rename(animals / "moved" / "same3.png")
    capsys.readouterr()
    assert ctc(*detect, "--output", output, "--update", output) == 0
    assert "from 23 photos: 1 in " in capsys.readouterr().err
    assert ctc(*detect, "--output", whole) == 0
    assert boxes_of(output) == boxes_of(whole)
    set_aside = {
        one["file"]: any("repeat" in box for box in one["detections"]) for one in boxes_of(output)
    }
    assert set_aside["same2.png"]
    assert not set_aside["moved/same3.png"]


def boxes_of(output: Path) -> list[dict[str, Any]]:
    """The images of a file of boxes, whose other part has the time of its run."""
    found: list[dict[str, Any]] = json.loads(output.read_text())["images"]
    return found


def test_update_of_features(build_model, photos, tmp_path, capsys) -> None:
    model, output = build_model("features.onnx", features=True), tmp_path / "e.parquet"
    assert ctc("embed", model, photos, "--output", output, "--update", output) == 3
    change(photos)
    assert ctc("embed", model, photos, "--output", output, "--update", output) == 0
    assert ", 17 taken over" in capsys.readouterr().err
    assert ctc("embed", model, photos, "--output", tmp_path / "whole" / "e.parquet") == 0
    assert files(output) == files(tmp_path / "whole" / "e.parquet")


def test_update_of_shards_is_merged_into_what_the_next_update_takes_over(
    model, photos, tmp_path, capsys
) -> None:
    output, whole = tmp_path / "p.csv", tmp_path / "whole" / "p.csv"
    ctc("predict", model, photos, "--output", output, "--update", output)
    change(photos)
    for shard in ("1/2", "2/2"):
        more = ["--update", output, "--shard", shard]
        assert ctc("predict", model, photos, "--output", output, *more) == 0
    capsys.readouterr()
    parts = sorted(tmp_path.glob("p.csv.part-*"))
    assert ctc("merge", *parts, "--output", output, "--overwrite") == 0
    assert "from 26 photos: 9 in " in capsys.readouterr().err
    ctc("predict", model, photos, "--output", whole)
    assert files(output) == files(whole)
    assert ctc("predict", model, photos, "--output", output, "--update", output) == 0
    assert "from 26 photos: 0 in " in capsys.readouterr().err
    assert files(output) == files(whole)


def test_update_by_an_engine(model, photos, tmp_path, capsys) -> None:
    output, whole = tmp_path / "p.csv", tmp_path / "whole" / "p.csv"
    update = ["predict", model, photos, "--output", output, "--update", output]
    assert ctc(*update, "--engine", "local") == 3
    change(photos)
    capsys.readouterr()
    assert ctc(*update, "--engine", "local") == 0
    assert "from 26 photos: 9 in " in capsys.readouterr().err
    ctc("predict", model, photos, "--output", whole)
    assert files(output) == files(whole)
    assert not list(tmp_path.glob("*.partial"))
    assert ctc(*update) == 0
    assert "from 26 photos: 0 in " in capsys.readouterr().err


def test_update_refuses_another_model_and_options_unless_told_to_overwrite(
    model, build_model, photos, tmp_path, capsys
) -> None:
    output, other = tmp_path / "p.csv", build_model("other.onnx", bias=1.0)
    ctc("predict", model, photos, "--output", output, "--update", output)
    update = ["--output", output, "--update", output]
    for arguments, difference in (
        ([other, photos, *update], "another model"),
        ([model, photos, *update, "--aggregation", "max"], "--aggregation mean"),
    ):
        assert ctc("predict", *arguments) == 2
        assert f"'{output}' was made with {difference}: use the same" in capsys.readouterr().err
    assert ctc("predict", other, photos, *update, "--overwrite") == 3
    told = capsys.readouterr().err
    assert f"nothing is taken over from '{output}', made with another model" in told
    assert "taken over" not in told.splitlines()[-1]


def test_update_refuses_an_output_without_answers(model, photos, tmp_path, capsys) -> None:
    output, other = tmp_path / "p.csv", tmp_path / "q.csv"
    ctc("predict", model, photos, "--output", output)
    assert not Path(f"{output}.answers").exists()
    assert ctc("predict", model, photos, "--output", output, "--update", output) == 2
    assert "keeps: add --overwrite to predict everything once more" in capsys.readouterr().err
    assert ctc("predict", model, photos, "--output", other, "--update", output) == 2
    told = capsys.readouterr().err
    assert f"error: '{output}' can't be updated without 'p.csv.answers' beside it" in told
    assert not other.exists()


def test_update_refuses_damaged_answers(model, photos, tmp_path, capsys) -> None:
    output, answers = tmp_path / "p.csv", tmp_path / "p.csv.answers"
    ctc("predict", model, photos, "--output", output, "--update", output)
    answers.write_bytes(answers.read_bytes()[:-40])
    capsys.readouterr()
    assert ctc("predict", model, photos, "--output", output, "--update", output) == 1
    assert f"error: '{answers}' is damaged: delete it, and predict" in capsys.readouterr().err


def test_update_keeps_the_answers_when_nothing_can_be_predicted(
    model, photos, tmp_path, capsys
) -> None:
    output, answers = tmp_path / "p.csv", tmp_path / "p.csv.answers"
    ctc("predict", model, photos, "--output", output, "--update", output)
    kept = answers.read_bytes()
    for path in (photos / "a").glob("*.jpg"):
        path.write_bytes(b"no photo")
    assert ctc("predict", model, photos, "--output", output, "--update", output) == 1
    assert answers.read_bytes() == kept


def test_update_of_a_dataset_is_refused(build_model, tiny_dataset, tmp_path, capsys) -> None:
    model, folder = build_model("features.onnx", features=True), tiny_dataset().folder
    output = tmp_path / "e.parquet"
    assert ctc("embed", model, folder, "--output", output, "--update", output) == 2
    assert "--update is not for a dataset: leave it out" in capsys.readouterr().err


def test_dry_run_counts_what_is_taken_over(model, photos, tmp_path, capsys) -> None:
    update = ["--output", tmp_path / "p.csv", "--update", tmp_path / "p.csv"]
    ctc("predict", model, photos, *update)
    change(photos)
    capsys.readouterr()
    assert ctc("predict", model, photos, *update, "--dry-run") == 0
    assert "photos   9, and 17 taken over: about " in capsys.readouterr().out


def test_update_with_resume_updates_a_complete_output(model, photos, tmp_path, capsys) -> None:
    update = ["--output", tmp_path / "p.csv", "--update", tmp_path / "p.csv", "--resume"]
    ctc("predict", model, photos, *update)
    change(photos)
    assert ctc("predict", model, photos, *update) == 0
    assert "from 26 photos: 9 in " in capsys.readouterr().err


def rows(output: Path) -> list[dict[str, str]]:
    with output.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_update_has_a_row_for_each_copy_of_a_photo(model, tmp_path) -> None:
    output = tmp_path / "p.csv"
    photo(tmp_path / "photos" / "a.jpg", 200)
    photo(tmp_path / "photos" / "b.jpg", 100)
    ctc("predict", model, tmp_path / "photos", "--output", output, "--update", output)
    shutil.copy(tmp_path / "photos" / "a.jpg", tmp_path / "photos" / "c.jpg")
    ctc("predict", model, tmp_path / "photos", "--output", output, "--update", output)
    first, _, copy = (row for row in rows(output) if row["label"] == "species")
    assert Path(copy["id"]).name == "c.jpg"
    assert copy["predictions_all"] == first["predictions_all"]
