"""Every photo that comes in comes out, whatever it is."""

from __future__ import annotations

import csv
import io
import os
import struct
import tempfile
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

import ctc
from ctc.artifacts.predictions import Failure
from ctc.cli.main import run


def jpeg(size: tuple[int, int] = (48, 32)) -> bytes:
    file = io.BytesIO()
    Image.effect_noise(size, 60).convert("RGB").save(file, "JPEG", exif=Image.Exif())
    return file.getvalue()


def huge_png(side: int = 50_000) -> bytes:
    """A few bytes that unfold to `side` × `side` pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0"))
        + chunk(b"IEND", b"")
    )


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def predicted(model: Path, tmp_path: Path):
    """A function that predicts sources and returns the names of photos with a prediction, and the
    reasons of those without."""

    def predict(*sources: Path, options: tuple[str, ...] = ()) -> tuple[list[str], dict[str, str]]:
        output = tmp_path / "out" / "p.csv"
        assert run(
            [
                "predict",
                str(model),
                *map(str, sources),
                "--output",
                str(output),
                "--overwrite",
                *options,
            ]
        ) in (
            0,
            3,
        )
        failures = output.with_name("p.csv.failures.csv")
        reasons = (
            {row["path"]: row["reason"] for row in rows(failures)} if failures.exists() else {}
        )
        return [row["id"] for row in rows(output)[::2]], reasons

    return predict


def test_predict_reports_reason_for_each_invalid_file(predicted, draw, tmp_path) -> None:
    folder = draw("photos/good.png").parent
    (folder / "empty.jpg").touch()
    (folder / "text.jpg").write_text("not a photo at all")
    (folder / "bomb.png").write_bytes(huge_png())
    (folder / "cut.jpg").write_bytes(jpeg()[:-200])
    (folder / "folder.jpg").mkdir()
    found, reasons = predicted(folder)
    assert found == [str(folder / "good.png")]
    assert {Path(path).name: reason for path, reason in reasons.items()} == {
        "bomb.png": "more than 178956970 pixels",
        "cut.jpg": "premature end of JPEG file",
        "empty.jpg": "empty file",
        "text.jpg": "not an image of a known kind (jpg, png, bmp, webp, tiff, gif)",
    }


def test_predict_detects_format_by_content(predicted, draw) -> None:
    photo = draw("photos/really a png.JPG")
    assert predicted(photo) == ([str(photo)], {})


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX files")
def test_predict_reports_reason_for_each_special_file(predicted, draw, tmp_path) -> None:
    good = draw("photos/good.png")
    folder = good.parent
    os.mkfifo(folder / "pipe.jpg")
    (folder / "dangling.jpg").symlink_to("gone.jpg")
    (folder / "endless.jpg").symlink_to("endless.jpg")
    (folder / "device.jpg").symlink_to("/dev/zero")
    found, reasons = predicted(folder)
    assert found == [str(good)]
    assert {Path(path).name: reason for path, reason in reasons.items()} == {
        "dangling.jpg": "no such file or directory",
        "device.jpg": "not a file",
        "endless.jpg": "too many levels of symbolic links",
        "pipe.jpg": "not a file",
    }


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX permissions")
def test_predict_reports_photo_without_permission(model) -> None:
    classifier = ctc.load_model(model, threads=1)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        locked = Path(folder) / "locked.jpg"
        locked.write_bytes(jpeg())
        locked.chmod(0)
        is_root = os.geteuid() == 0
        os.seteuid(
            65534 if is_root else os.geteuid()
        )  # root reads everything, so it becomes nobody for a moment
        try:
            _, failures = classifier.predict([locked])
        finally:
            os.seteuid(0 if is_root else os.geteuid())
    assert failures == [Failure(str(locked), "permission denied", event_id=str(locked))]


@pytest.mark.skipif(os.name == "nt", reason="Windows forbids such names")
@pytest.mark.parametrize(
    "name",
    ["🦊 Füchsin.png", "two\nlines.png", "=1+1.png", "x" * 251 + ".png", ' "quoted", too.png'],
)
def test_predict_keeps_odd_file_names(predicted, draw, name: str) -> None:
    photo = draw(f"photos/{name}")
    assert predicted(photo.parent) == ([str(photo)], {})


@pytest.mark.skipif(os.name == "nt", reason="Windows forbids such names")
def test_predict_escapes_names_that_are_not_unicode(predicted, draw) -> None:
    photo = draw(f"photos/{os.fsdecode(bytes([255]))}.png")
    found, _ = predicted(photo)
    assert found == [str(photo).encode(errors="backslashreplace").decode()]


def test_predict_reports_photo_that_vanishes(model, draw, tmp_path) -> None:
    photos = [draw(f"photos/{number}.png") for number in range(50)]
    stream = ctc.load_model(model, threads=1).stream(photos)
    first = next(stream)
    photos[-1].unlink()
    rest = list(stream)
    assert first.prediction.id == str(photos[0])
    assert [one.failures[0].reason for one in rest if one.failures] == ["no such file or directory"]
    assert sum(one.photos for one in rest) == 49


def test_predict_accepts_untidy_csv(predicted, draw, tmp_path) -> None:
    photo = draw("photos/a.png")
    (tmp_path / "e.csv").write_text(
        f"id,one,two\n1,photos/a.png,\n2,{photo},photos/../photos/a.png\n1,,gone.png\n3,,\n",
        encoding="utf-8",
    )
    options = ("--event-id", "id", "--image", "one", "--image", "two")
    found, reasons = predicted(tmp_path / "e.csv", options=options)
    assert found == ["1", "2"]
    assert reasons == {
        str(tmp_path / "gone.png"): "no such file or directory",
        "3": "the event names no photo",
    }


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=400),
            st.builds(lambda at: jpeg()[:at], st.integers(0, 1500)),
            st.builds(
                lambda at, junk: jpeg()[:at] + junk + jpeg()[at + len(junk) :],
                st.integers(0, 1500),
                st.binary(max_size=40),
            ),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_predict_survives_random_bytes(model, tmp_path, contents: list[bytes]) -> None:
    photos = [tmp_path / f"{number}.jpg" for number in range(len(contents))]
    for photo, content in zip(photos, contents, strict=True):
        photo.write_bytes(content)
    events, failures = ctc.load_model(model, threads=2).predict(photos)
    came_out = [event.id for event in events] + [failure.path for failure in failures]
    assert sorted(came_out) == sorted(map(str, photos))
    assert all(failure.reason for failure in failures)
