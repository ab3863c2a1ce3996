"""`ctc inventory show` and `ctc inventory check`: output, errors and interruption."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ctc.artifacts.inventory import Inventory
from ctc.cli.main import run
from ctc.images import encode_jpeg

CHECK_WITH_SIGNAL = """
import sys
from ctc.cli import main
from ctc.inventory.checks import check

check_photos = check.check_photos

def check_and_print(inventory, uses, root, workers, advance):
    lines = iter(["checking"])
    def print_and_advance(*counts):
        for line in lines:
            print(line, flush=True)
        advance(*counts)
    return check_photos(inventory, uses, root, workers, print_and_advance)

check.check_photos = check_and_print
main(sys.argv[1:])
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """An inventory of three events at two locations; the third has the bytes of the first."""
    for name, shade in (("a", 10), ("b", 20), ("c", 10)):
        (tmp_path / f"{name}.jpg").write_bytes(
            encode_jpeg(np.full((40, 50, 3), shade, np.uint8), 90)
        )
    table = pa.table(
        {
            "event_id": ["1", "2", "3"],
            "images": [["a.jpg"], ["b.jpg"], ["c.jpg"]],
            "species": ["fox", "[bold]", None],
            "location": ["pond", "pond", "wood"],
        }
    )
    Inventory(table, ("species",), tmp_path, {"corrupt": 2}).write(tmp_path / "inventory.parquet")
    return tmp_path / "inventory.parquet"


def test_show_prints_tables(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["inventory", "show", str(file)]) == 0
    captured = capsys.readouterr()
    lines = [" ".join(line.split()) for line in captured.out.splitlines()]
    shown = [
        line
        for line in lines
        if line.startswith(("events 3", "species o", "fox", "[bold]", "(missing)"))
    ]
    assert shown == ["events 3", "species observations", "[bold] 1", "fox 1", "(missing) 1"]
    assert {"pond 2 2", "wood 1 1", "corrupt 2"} <= set(lines)
    assert captured.err == ""


def test_show_prints_first_twenty_locations(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [f"camera {i:02d}" for i in range(25)]
    table = pa.table(
        {"event_id": names, "images": [[f"{name}.jpg"] for name in names], "location": names}
    )
    Inventory(table, (), tmp_path).write(tmp_path / "inventory.parquet")
    assert run(["inventory", "show", str(tmp_path / "inventory.parquet")]) == 0
    out = capsys.readouterr().out
    assert "first 20 of 25" in out
    assert ("camera 19" in out, "camera 20" in out) == (True, False)


def test_show_prints_cameras(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = Inventory.read(file)
    columns: dict[str, list[Any]] = {
        "camera_make": ["RECONYX", "RECONYX", None],
        "camera_model": ["HC500", "HC500", None],
        "camera_serial": ["S1", "S2", None],
        "temperature": [-6.5, 2.0, None],
        "trigger": ["timeLapse", "activityDetection", None],
        "camera_data_from": ["reconyx", "reconyx", None],
    }
    table = found.table
    for name, values in columns.items():
        table = table.append_column(name, pa.array(values))
    Inventory(table, found.labels, found.image_root).write(file)
    assert run(["inventory", "show", str(file)]) == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    at = lines.index("camera serial numbers events photos")
    assert lines[at : at + 12] == [
        "camera serial numbers events photos",
        "RECONYX HC500 2 2 2",
        "",
        "temperature, °C lowest median highest events",
        "-6.5 -2.25 2 2",
        "",
        "trigger events",
        "timeLapse 1",
        "activityDetection 1",
        "",
        "camera data from events",
        "reconyx 2",
    ]


def test_show_json_prints_an_object(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["inventory", "show", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "image_root": file.parent.as_posix(),
        "observations": 3,
        "events": 3,
        "photos": 3,
        "clips": 0,
        "labels": {"species": {"classes": {"[bold]": 1, "fox": 1}, "missing": 1}},
        "locations": {"pond": {"events": 2, "photos": 2}, "wood": {"events": 1, "photos": 1}},
        "no_location": 0,
        "photos_per_event": {"1": 3},
        "observations_per_event": {"1": 3},
        "time": None,
        "shared_photos": 0,
        "first_shared": [],
        "meta": {"location": 2},
        "left_out": {"corrupt": 2},
        "boxes": None,
        "cameras": None,
    }


def test_check_prints_csv_and_exits_with_3(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (file.parent / "b.jpg").unlink()
    assert run(["inventory", "check", str(file)]) == 3
    captured = capsys.readouterr()
    assert list(csv.reader(captured.out.splitlines())) == [
        ["problem", "path", "event_id", "detail"],
        ["missing", "b.jpg", "2", "no such file or directory"],
        [
            "straddling",
            "c.jpg",
            "3",
            "same bytes as 'a.jpg' of event '1'; species: fox / none; location: pond / wood",
        ],
    ]
    assert captured.err == "3 photos: 1 missing, 1 the same as in another event\n"


def test_check_of_sound_photos_exits_with_0(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (file.parent / "c.jpg").write_bytes(encode_jpeg(np.full((40, 50, 3), 30, np.uint8), 90))
    assert run(["inventory", "check", str(file)]) == 0
    assert capsys.readouterr().out == "problem,path,event_id,detail\n"


def test_check_json_prints_an_object(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["inventory", "check", str(file), "--json", "--workers", "1"]) == 3
    found = json.loads(capsys.readouterr().out)
    assert (found["photos"], found["counts"]["straddling"], found["problems"][0]["path"]) == (
        3,
        1,
        "c.jpg",
    )


def test_check_output_writes_a_file(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["inventory", "check", str(file), "--output", str(tmp_path / "problems.csv")]) == 3
    assert capsys.readouterr().out == ""
    assert len((tmp_path / "problems.csv").read_text().splitlines()) == 2


def test_check_image_root_moves_the_root(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "moved").mkdir()
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.jpg").rename(tmp_path / "moved" / f"{name}.jpg")
    assert run(["inventory", "check", str(file)]) == 1
    assert run(["inventory", "check", str(file), "--image-root", str(tmp_path / "moved")]) == 3


@pytest.mark.parametrize("command", ["show", "check"])
@pytest.mark.parametrize(
    ("content", "code", "message"),
    [
        (None, 2, "create one with `ctc inventory`"),
        (b"event_id,image", 1, "can't be read as Parquet"),
        ({}, 2, "not an inventory"),
        ({b"ctc": b"{"}, 1, "damaged"),
        ({b"ctc": b"[]"}, 1, "damaged"),
        ({b"ctc": b'{"format_version": 1}'}, 1, "damaged"),
        ({b"ctc": b'{"format_version": 2, "classes": []}'}, 1, "update ctc"),
        (
            {b"ctc": b'{"format_version": 1, "labels": ["age"], "image_root": "", "left_out": {}}'},
            1,
            "has no column 'age'",
        ),
        (
            {b"ctc": b'{"format_version": 1, "labels": [], "image_root": "", "left_out": {}}'},
            1,
            "has no lists in its column",
        ),
    ],
)
def test_show_and_check_report_damaged_inventory_in_one_line(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    command: str,
    content: bytes | dict[bytes, bytes] | None,
    code: int,
    message: str,
) -> None:
    path = tmp_path / "inventory.parquet"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        table = pa.table({"event_id": ["1"], "images": ["a.jpg"]})
        pq.write_table(table.replace_schema_metadata(content), path)
    assert run(["inventory", command, str(path)]) == code
    captured = capsys.readouterr()
    assert (captured.out, len(captured.err.splitlines())) == ("", 1)
    assert message in captured.err


def test_inventory_help_lists_show_and_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["inventory", "--help"]) == 0
    assert {"show", "check"} <= {
        line.split()[0] for line in capsys.readouterr().out.splitlines() if line.strip()
    }


def test_inventory_suggests_the_closest_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["inventory", "shwo", "inventory.parquet"]) == 2
    assert "did you mean 'show'" in capsys.readouterr().err


def test_check_rejects_bad_root_and_existing_output(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["inventory", "check", str(file), "--image-root", "nowhere"]) == 2
    assert run(["inventory", "check", str(file), "--output", str(file)]) == 2
    assert [line.split(":")[-1].strip() for line in capsys.readouterr().err.splitlines()] == [
        "give --image-root",
        "choose another --output or add --overwrite",
    ]


@pytest.mark.subprocess
@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_check_interrupted_writes_nothing(tmp_path: Path) -> None:
    photo = encode_jpeg(np.random.default_rng(0).integers(0, 255, (1500, 2000, 3), np.uint8), 90)
    (tmp_path / "a.jpg").write_bytes(photo)
    names = [f"{i:015b}a.jpg".replace("0", "./").replace("1", ".//") for i in range(2**15)]
    table = pa.table({"event_id": names, "images": [[name] for name in names]})
    Inventory(table, (), tmp_path).write(tmp_path / "inventory.parquet")
    arguments = [
        "inventory",
        "check",
        "inventory.parquet",
        "--output",
        "problems.csv",
        "--workers",
        "2",
    ]
    command = [sys.executable, "-c", CHECK_WITH_SIGNAL, *arguments]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"checking\n"
        process.send_signal(signal.SIGINT)
        _, narration = process.communicate()
    assert (process.returncode, narration) == (130, b"error: interrupted\n")
    assert not (tmp_path / "problems.csv").exists()


def test_show_prints_a_name_with_a_line_break_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "labels.csv").write_text('image,class\na.jpg,"fo\nx"\n')
    output = str(tmp_path / "inventory.parquet")
    command = ["inventory", "csv", str(tmp_path / "labels.csv"), "--output", output]
    assert run([*command, "--image", "image", "--label", "class"]) == 0
    assert "class: fo\\nx (1)\n" in capsys.readouterr().err
    assert run(["inventory", "show", output]) == 0
    assert "\nfo\\nx" in capsys.readouterr().out
