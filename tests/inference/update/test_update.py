"""`--update`: the same bytes as a run over everything, and only what is new is computed."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import Any

import pytest
from changing_photos import change_photos, output_files, run_ctc, save_photo


@pytest.mark.parametrize("suffix", ["csv", "json", "parquet"])
@pytest.mark.parametrize("options", [[], ["--events-within", 3]], ids=["photos", "bursts"])
def test_update_gives_the_bytes_of_a_run_over_everything(
    model, photos, tmp_path, capsys, suffix: str, options: list[Any]
) -> None:
    output, whole = tmp_path / f"p.{suffix}", tmp_path / "whole" / f"p.{suffix}"
    update = ["predict", model, photos, "--output", output, "--update", output, *options]
    assert run_ctc(*update) == 3
    change_photos(photos)
    capsys.readouterr()
    assert run_ctc(*update) == 0
    told = capsys.readouterr().err
    assert run_ctc("predict", model, photos, "--output", whole, *options) == 0
    assert output_files(output) == output_files(whole)
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
    assert run_ctc(*update) == 3
    capsys.readouterr()
    assert run_ctc(*update) == 3
    assert "20 events predicted from 21 photos: 1 in " in capsys.readouterr().err


def test_update_may_write_another_file_of_another_format(model, photos, tmp_path) -> None:
    run_ctc(
        "predict", model, photos, "--output", tmp_path / "p.csv", "--update", tmp_path / "p.csv"
    )
    before = output_files(tmp_path / "p.csv")
    change_photos(photos)
    run_ctc(
        "predict", model, photos, "--output", tmp_path / "q.json", "--update", tmp_path / "p.csv"
    )
    run_ctc("predict", model, photos, "--output", tmp_path / "whole" / "q.json")
    assert output_files(tmp_path / "q.json") == output_files(tmp_path / "whole" / "q.json")
    assert output_files(tmp_path / "p.csv") == before
    assert (tmp_path / "q.json.answers").exists()


def test_update_with_other_decisions_decides_about_all(model, photos, tmp_path, capsys) -> None:
    output, whole = tmp_path / "p.csv", tmp_path / "whole" / "p.csv"
    run_ctc("predict", model, photos, "--output", output, "--update", output)
    run_ctc("predict", model, photos, "--output", output, "--update", output, "--threshold", 0.6)
    assert ", 20 taken over" in capsys.readouterr().err
    run_ctc("predict", model, photos, "--output", whole, "--threshold", 0.6)
    assert output_files(output) == output_files(whole)
    assert b"unknown" in output.read_bytes()


def test_update_takes_meta_columns_of_today(model, photos, tmp_path, capsys) -> None:
    table = tmp_path / "e.csv"

    def predict(station: str, output: Path, *more: object) -> None:
        table.write_text(f"event,image,station\n1,photos/a/00_1.jpg,{station}\n")
        columns = ["--event-id", "event", "--image", "image"]
        assert run_ctc("predict", model, table, *columns, "--output", output, *more) == 0

    predict("north", tmp_path / "p.csv", "--update", tmp_path / "p.csv")
    predict("south", tmp_path / "p.csv", "--update", tmp_path / "p.csv")
    assert ", 1 taken over" in capsys.readouterr().err
    predict("south", tmp_path / "whole" / "p.csv")
    assert output_files(tmp_path / "p.csv") == output_files(tmp_path / "whole" / "p.csv")


def test_update_of_stacked_photos(build_model, photos, tmp_path, capsys) -> None:
    """Of an event, such a model sees the first three photos."""
    model, table = build_model(image_choice="grayscale_stacking"), tmp_path / "e.csv"
    columns = ["--event-id", "event", "--image", "image"]

    def predict(third: str, output: Path, *more: object) -> bytes:
        images = ["00_1", "00_2", third, "02_1", "02_2"]
        rows = [f"1,photos/a/{image}.jpg" for image in images]
        table.write_text("\n".join(["event,image", *rows]) + "\n")
        assert run_ctc("predict", model, table, *columns, "--output", output, *more) == 0
        return output.read_bytes()

    output, update = tmp_path / "p.json", ["--update", tmp_path / "p.json"]
    assert predict("01_1", output, *update) == predict("01_1", output, *update)
    assert "from 5 photos: 0 in " in capsys.readouterr().err
    assert predict("03_1", output, *update) == predict("03_1", tmp_path / "whole.json")
    assert "from 5 photos: 5 in " in capsys.readouterr().err


def test_update_knows_a_disk_under_another_name(model, photos, tmp_path, capsys) -> None:
    run_ctc(
        "predict", model, photos, "--output", tmp_path / "p.csv", "--update", tmp_path / "p.csv"
    )
    photos.rename(tmp_path / "disk")
    update = ["--update", tmp_path / "p.csv"]
    run_ctc("predict", model, tmp_path / "disk", "--output", tmp_path / "q.csv", *update)
    told = capsys.readouterr().err
    assert ", 20 taken over" in told
    assert "gone" not in told.replace("1 earlier photo gone", "")
    run_ctc("predict", model, tmp_path / "disk", "--output", tmp_path / "whole" / "q.csv")
    assert output_files(tmp_path / "q.csv") == output_files(tmp_path / "whole" / "q.csv")


def test_update_of_relative_paths_from_another_folder(
    model, photos, tmp_path, capsys, monkeypatch
) -> None:
    output = tmp_path / "p.csv"
    monkeypatch.chdir(tmp_path)
    run_ctc("predict", model, "photos", "--output", output, "--update", output)
    monkeypatch.chdir(photos)
    run_ctc("predict", model, "a", "--output", output, "--update", output)
    told = capsys.readouterr().err
    assert ", 20 taken over" in told
    assert "gone" not in told


def test_update_of_features(build_model, photos, tmp_path, capsys) -> None:
    model, output = build_model("features.onnx", features=True), tmp_path / "e.parquet"
    assert run_ctc("embed", model, photos, "--output", output, "--update", output) == 3
    change_photos(photos)
    assert run_ctc("embed", model, photos, "--output", output, "--update", output) == 0
    assert ", 17 taken over" in capsys.readouterr().err
    assert run_ctc("embed", model, photos, "--output", tmp_path / "whole" / "e.parquet") == 0
    assert output_files(output) == output_files(tmp_path / "whole" / "e.parquet")


def test_update_of_shards_is_merged_into_what_the_next_update_takes_over(
    model, photos, tmp_path, capsys
) -> None:
    output, whole = tmp_path / "p.csv", tmp_path / "whole" / "p.csv"
    run_ctc("predict", model, photos, "--output", output, "--update", output)
    change_photos(photos)
    for shard in ("1/2", "2/2"):
        more = ["--update", output, "--shard", shard]
        assert run_ctc("predict", model, photos, "--output", output, *more) == 0
    capsys.readouterr()
    parts = sorted(tmp_path.glob("p.csv.part-*"))
    assert run_ctc("merge", *parts, "--output", output, "--overwrite") == 0
    assert "from 26 photos: 9 in " in capsys.readouterr().err
    run_ctc("predict", model, photos, "--output", whole)
    assert output_files(output) == output_files(whole)
    assert run_ctc("predict", model, photos, "--output", output, "--update", output) == 0
    assert "from 26 photos: 0 in " in capsys.readouterr().err
    assert output_files(output) == output_files(whole)


def test_update_by_an_engine(model, photos, tmp_path, capsys) -> None:
    output, whole = tmp_path / "p.csv", tmp_path / "whole" / "p.csv"
    update = ["predict", model, photos, "--output", output, "--update", output]
    assert run_ctc(*update, "--engine", "local") == 3
    change_photos(photos)
    capsys.readouterr()
    assert run_ctc(*update, "--engine", "local") == 0
    assert "from 26 photos: 9 in " in capsys.readouterr().err
    run_ctc("predict", model, photos, "--output", whole)
    assert output_files(output) == output_files(whole)
    assert not list(tmp_path.glob("*.partial"))
    assert run_ctc(*update) == 0
    assert "from 26 photos: 0 in " in capsys.readouterr().err


def rows(output: Path) -> list[dict[str, str]]:
    with output.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_update_has_a_row_for_each_copy_of_a_photo(model, tmp_path) -> None:
    output = tmp_path / "p.csv"
    save_photo(tmp_path / "photos" / "a.jpg", 200)
    save_photo(tmp_path / "photos" / "b.jpg", 100)
    run_ctc("predict", model, tmp_path / "photos", "--output", output, "--update", output)
    shutil.copy(tmp_path / "photos" / "a.jpg", tmp_path / "photos" / "c.jpg")
    run_ctc("predict", model, tmp_path / "photos", "--output", output, "--update", output)
    first, _, copy = (row for row in rows(output) if row["label"] == "species")
    assert Path(copy["id"]).name == "c.jpg"
    assert copy["predictions_all"] == first["predictions_all"]
