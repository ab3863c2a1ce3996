from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from ctc.cli.main import run


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def predict(*arguments: object) -> int:
    return run(["predict", *map(str, arguments)])


def test_predict_command_reports_truncated_photo(model, shared, tmp_path, capsys) -> None:
    folder = shared / "data" / "camera-trap-photos"
    before = names(folder)
    code = predict(model, folder, "--output", tmp_path / "p.csv")
    photos = sorted(str(path) for path in folder.glob("*.jpg"))
    cut = str(folder / "african_elephants_truncated_file.jpg")
    assert code == 3
    assert [row["id"] for row in table(tmp_path / "p.csv")[::2]] == [
        path for path in photos if path != cut
    ]
    assert [row["path"] for row in table(tmp_path / "p.csv.failures.csv")] == [cut]
    printed = capsys.readouterr().err
    assert cut in printed
    assert "1 truncated file can be used, without what is missing: add --truncated use" in printed
    assert names(folder) == before


def test_predict_command_uses_truncated_photos(model, shared, tmp_path) -> None:
    folder = shared / "data" / "camera-trap-photos"
    assert predict(model, folder, "--output", tmp_path / "p.csv", "--truncated", "use") == 0
    assert len(table(tmp_path / "p.csv")) == 2 * len(list(folder.glob("*.jpg")))


def test_predict_command_reads_csv_with_three_image_columns(model, shared, tmp_path) -> None:
    data = shared / "data"
    columns = ["--event-id", "id", "--image", "image1", "--image", "image2", "--image", "image3"]
    source = data / "cats-and-dogs-labels" / "cats_vs_dogs_multi_image.csv"
    output = tmp_path / "p.json"
    code = predict(
        model, source, *columns, "--image-root", data / "cats-and-dogs", "--output", output
    )
    found = json.loads(output.read_text())
    assert code == 0
    assert list(found) == ["cat0.jpg", "cat10.jpg", "dog1", "dog2"]
    assert [len(event["images"]) for event in found.values()] == [3, 3, 3, 3]
    assert found["dog1"]["meta_data"] == {"species": "dog", "standing": "1", "count": "1"}
    assert found["cat0.jpg"]["images"][0]["path"] == str(
        data / "cats-and-dogs/test/test_images/Cats/cat0.jpg"
    )


@pytest.mark.parametrize("aggregation", ["max", "min"])
def test_predict_command_aggregation_by_name(model, draw, tmp_path, aggregation: str) -> None:
    draw("red.png", (255, 0, 0))
    draw("blue.png", (0, 0, 255))
    source = tmp_path / "events.csv"
    source.write_text("id,a,b,site\n1,red.png,blue.png,N\n")
    options = ["--event-id", "id", "--image", "a", "--image", "b", "--aggregation", aggregation]
    assert predict(model, source, *options, "--output", tmp_path / "p.csv") == 0
    species = table(tmp_path / "p.csv")[0]
    probability = {"max": "0.7311", "min": "0.2689"}[aggregation]
    assert (species["id"], species["confidence_top"], species["site"]) == ("1", probability, "N")


def test_predict_command_writes_time_and_camera_from_exif(model, shared, tmp_path) -> None:
    photo = shared / "data" / "camera-trap-photos" / "blank.jpg"
    assert predict(model, photo, "--output", tmp_path / "p.csv") == 0
    row = table(tmp_path / "p.csv")[0]
    assert (row["datetime"], row["camera"]) == ("2016-09-25T18:35:10", "RECONYX HC550 HYPERFIRE")


def test_predict_command_events_within_groups_bursts(model, shared, tmp_path) -> None:
    for number in range(3):
        copy = tmp_path / "cam" / f"{number}.jpg"
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes((shared / "data" / "camera-trap-photos" / "blank.jpg").read_bytes())
    assert (
        predict(model, tmp_path / "cam", "--events-within", "2.5", "--output", tmp_path / "p.csv")
        == 0
    )
    assert [row["id"] for row in table(tmp_path / "p.csv")] == [str(tmp_path / "cam" / "0.jpg")] * 2


def test_predict_command_events_within_warns_about_photos_without_time(
    model, draw, tmp_path, capsys
) -> None:
    for name in ("a", "b"):
        draw(f"cam/{name}.png")
    options = ["--events-within", "60", "--output", tmp_path / "p.csv"]
    assert predict(model, tmp_path / "cam", *options) == 0
    assert (
        "warning: --events-within: 2 of 2 photos have no EXIF time and are events of their own\n"
        in capsys.readouterr().err
    )


def test_predict_command_overwrite_says_that_it_starts_over(
    model, draw, tmp_path, capsys, monkeypatch
) -> None:
    photos = draw("photos/a.png").parent
    output = tmp_path / "p.csv"

    def stop(path: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("ctc.inference.journal.journal.remove", stop)
        assert predict(model, photos, "--output", output) == 130
    draw("photos/b.png")
    capsys.readouterr()
    assert predict(model, photos, "--output", output, "--overwrite") == 0
    printed = capsys.readouterr().err
    assert f"starting over: '{output}.journal' is of another run and is replaced\n" in printed
    assert "resuming" not in printed
    assert len(table(output)) == 4


def test_predict_command_resume_of_complete_output_ends_a_script(
    model, draw, tmp_path, capsys
) -> None:
    options = [model, draw("a.png"), "--output", tmp_path / "p.csv", "--resume"]
    assert predict(*options) == 0
    capsys.readouterr()
    assert predict(*options) == 0
    assert (
        capsys.readouterr().err
        == f"'{tmp_path / 'p.csv'}' is complete, there is nothing to resume\n"
    )


def test_predict_command_reads_rows_of_a_table_without_header(model, draw, tmp_path) -> None:
    draw("red.png").rename(tmp_path / "A.png")
    (tmp_path / "t.csv").write_text("A.png,yes,.\nB.png,no,.\n")
    columns = ["--no-header", "--image", "1", "--image-folder", "3", "--where", "2=yes"]
    assert predict(model, tmp_path / "t.csv", *columns, "--output", tmp_path / "p.csv") == 0
    assert {(row["id"], row["2"]) for row in table(tmp_path / "p.csv")} == {("A.png", "yes")}


def test_predict_command_threshold_gives_unknown(model, draw, tmp_path) -> None:
    predict(model, draw("red.png"), "--threshold", "0.8", "--output", tmp_path / "p.csv")
    assert [
        (row["prediction_top"], row["confidence_top"]) for row in table(tmp_path / "p.csv")
    ] == [
        ("unknown", "0.7311"),
        ("unknown", "0.5000"),
    ]


def test_predict_command_class_list_is_applied_and_noted(model, draw, tmp_path, capsys) -> None:
    (tmp_path / "here.txt").write_text("wolf\n")
    predict(
        model, draw("red.png"), "--classes", tmp_path / "here.txt", "--output", tmp_path / "p.csv"
    )
    assert table(tmp_path / "p.csv")[0]["predictions_all"] == '{"wolf": 1}'
    assert "'species' is restricted to 1 of its 2 classes" in capsys.readouterr().err


def test_predict_command_prints_the_runtime(model, draw, tmp_path, capsys) -> None:
    arguments = [
        "--verbose",
        "predict",
        model,
        draw("red.png"),
        "--provider",
        "cpu",
        "--output",
        tmp_path / "p.csv",
    ]
    assert run(list(map(str, arguments))) == 0
    printed = capsys.readouterr().err
    assert "the network runs on 'cpu'\nprecision float32, batch size 1, " in printed


def test_predict_command_dry_run_writes_nothing(model, shared, tmp_path, capsys) -> None:
    folder = shared / "data" / "camera-trap-photos"
    assert (
        predict(model, folder, "--output", tmp_path / "out" / "p.csv", "--threads", 1, "--dry-run")
        == 0
    )
    printed = capsys.readouterr()
    lines = {line.partition(" ")[0]: line for line in printed.out.splitlines()}
    assert list(lines) == ["model", "network", "output", "photos"]
    assert lines["network"] == "network  float32 on 'cpu', batch size 1, 1 CPU core"
    assert lines["output"] == f"output   '{tmp_path / 'out' / 'p.csv'}', csv"
    assert lines["photos"].startswith("photos   14: about 0:00:0")
    assert "1 of these failed, the first: " in printed.err
    assert not (tmp_path / "out").exists()


def test_predict_command_dry_run_checks_the_output(model, draw, tmp_path) -> None:
    (tmp_path / "p.csv").touch()
    assert predict(model, draw("a.jpg"), "--output", tmp_path / "p.csv", "--dry-run") == 2


def test_predict_command_output_does_not_depend_on_threads_or_batches(
    model, draw, tmp_path
) -> None:
    for i in range(40):
        draw(f"photos/{i:02}.png", (6 * i, 0, 255 - 6 * i))
    one, many = tmp_path / "one.csv", tmp_path / "many.csv"
    predict(model, tmp_path / "photos", "--output", one, "--threads", 1, "--batch-size", 1)
    predict(model, tmp_path / "photos", "--output", many, "--threads", 8, "--batch-size", 7)
    assert one.read_bytes() == many.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["gone.onnx", "red.png", "--output", "p.csv"], 2, "model 'gone.onnx' is not there"),
        (
            ["red.png", "red.png", "--output", "p.csv"],
            2,
            "'red.png' is a photo, not a model",
        ),
        (["model.onnx", "gone", "--output", "p.csv"], 2, "'gone' is not there"),
        (["model.onnx", "nothing", "--output", "p.csv"], 1, "folder 'nothing' holds no photos"),
        (["model.onnx", "red.png", "--output", "p.xlsx"], 2, "the format of 'p.xlsx' is not known"),
        (
            ["model.onnx", "red.png", "--output", "p.csv", "--format", "jsn"],
            2,
            "did you mean 'json'?",
        ),
        (
            ["model.onnx", "red.png", "--output", "p.csv", "--aggregation", "maen"],
            2,
            "did you mean 'mean'?",
        ),
        (["model.onnx", "red.png", "--output", "there.csv"], 2, "'there.csv' exists already"),
        (["model.onnx", "e.csv", "--output", "p.csv"], 2, "it has 'id', 'image'"),
        (
            ["model.onnx", "e.csv", "--output", "p.csv", "--event-id", "id"],
            2,
            "add --image, the column with its photos",
        ),
        (
            ["model.onnx", "red.png", "--output", "p.csv", "--shard", "2"],
            2,
            "write '3/16' for the third of 16 shards",
        ),
        (
            ["model.onnx", "red.png", "--output", "p.csv", "--classes", "no.txt"],
            2,
            "class list 'no.txt' can't be read",
        ),
        (
            ["model.onnx", "red.png", "--output", "p.csv", "--batch-size", "few"],
            2,
            "'few' is not a valid integer",
        ),
        (
            ["model.onnx", "e.csv", "--output", "p.csv", "--event-id", "di", "--image", "image"],
            2,
            "'e.csv' has no column 'di'",
        ),
        (
            ["model.onnx", "e.csv", "--output", "p.csv", "--event-id", "id", "--image", "image"],
            1,
            "nothing could be",
        ),
    ],
)
def test_predict_command_bad_input_is_one_line(
    model, draw, tmp_path, monkeypatch, capsys, arguments, code, message
) -> None:
    draw("red.png")
    (tmp_path / "nothing").mkdir()
    (tmp_path / "there.csv").write_text("mine")
    (tmp_path / "e.csv").write_text("id,image\n1,gone.jpg\n")
    monkeypatch.chdir(tmp_path)
    assert predict(*arguments) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    *narration, error = captured.err.splitlines()
    assert narration in ([], ["the network runs on 'cpu'"])
    assert error.startswith("error: ")
    assert message in error
    assert not Path("p.csv").exists()
    assert Path("there.csv").read_text() == "mine"


@pytest.mark.subprocess
def test_predict_command_imports_no_tensorflow_pandas_or_pyarrow(model, draw, tmp_path) -> None:
    photo = draw("photos/red.png")
    (tmp_path / "e.csv").write_text("id,image\n1,photos/red.png\n")
    arguments = [
        "predict",
        model,
        photo.parent,
        tmp_path / "e.csv",
        "--event-id",
        "id",
        "--image",
        "image",
    ]
    code = (
        "import sys\nfrom ctc.cli.main import run\n"
        f"code = run({[*map(str, arguments), '--output', str(tmp_path / 'p.csv')]!r})\n"
        "heavy = {'tensorflow', 'keras', 'pandas', 'pyarrow', 'onnx', 'rich'}\n"
        "print(code, sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "0 []\n", done.stderr


@pytest.mark.subprocess
@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_predict_command_interrupted_keeps_journal(
    model, tmp_path, announcing_command, sent: signal.Signals, code: int
) -> None:
    Image.effect_noise((2000, 1500), 50).convert("RGB").save(tmp_path / "noise.jpg")
    rows = "".join(f"{i},noise.jpg\n" for i in range(5000))
    (tmp_path / "e.csv").write_text(f"id,image\n0,gone.jpg\n{rows}")
    before = names(tmp_path)
    options = ["--event-id", "id", "--image", "image", "--output", tmp_path / "p.csv"]
    command = announcing_command(1, model, tmp_path / "e.csv", *options)
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout
        assert running.stdout.readline() == "reached\n"
        running.send_signal(sent)
        _, messages = running.communicate(timeout=10)
    assert running.returncode == code
    _, hint, error = messages.splitlines()
    journal = tmp_path / "p.csv.journal"
    assert hint == f"progress saved in '{journal}': run the same command again to resume"
    assert error in ("error: interrupted", "error: terminated")
    assert names(tmp_path) == sorted([*before, "p.csv.journal"])
