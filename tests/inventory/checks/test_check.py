"""Check of all photos: missing, broken and duplicate ones."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from ctc.artifacts.inventory import Inventory
from ctc.errors import InputError
from ctc.images import encode_jpeg
from ctc.images.decode import OutOfMemoryError
from ctc.inventory.checks.check import PhotoCheckResult, Problem, check_photos
from ctc.inventory.checks.photo_uses import photo_uses

Row = tuple[str, list[str]]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Four valid photos; b.jpg has the bytes of a.jpg."""
    for name, shade in (("a", 10), ("b", 10), ("c", 20), ("d", 30)):
        (tmp_path / f"{name}.jpg").write_bytes(
            encode_jpeg(np.full((40, 50, 3), shade, np.uint8), 90)
        )
    return tmp_path


def inventory(*rows: Row, **more: Any) -> Inventory:
    table = pa.table(
        {
            "event_id": pa.array([row[0] for row in rows], pa.string()),
            "images": pa.array([row[1] for row in rows], pa.list_(pa.string())),
            **more,
        }
    )
    return Inventory(table, tuple(name for name in more if name != "location"), Path())


def check(root: Path, listed: Inventory) -> PhotoCheckResult:
    return check_photos(listed, photo_uses(listed), root, 2, lambda done, failed: None)


def test_check_photos_finds_no_problem_in_valid_photos(root: Path) -> None:
    assert check(root, inventory(("1", ["a.jpg", "c.jpg"]), ("2", ["d.jpg"]))) == PhotoCheckResult(
        3, ()
    )


def test_check_photos_lists_missing_photo_for_each_event(root: Path) -> None:
    result = check(root, inventory(("1", ["a.jpg", "x.jpg"]), ("2", ["x.jpg"])))
    assert result.problems == (
        Problem("missing", "x.jpg", "1", "no such file or directory"),
        Problem("missing", "x.jpg", "2", "no such file or directory"),
    )


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda path: path.write_bytes(b""), "empty file"),
        (
            lambda path: path.write_bytes(b"text"),
            "not an image of a known kind (jpg, png, bmp, webp, tiff, gif)",
        ),
        (lambda path: path.write_bytes(path.read_bytes()[:-20]), "premature end of JPEG file"),
        (lambda path: (path.unlink(), path.mkdir()), "not a file"),
    ],
)
def test_check_photos_lists_broken_photo_with_reason(
    root: Path, damage: Callable[[Path], object], reason: str
) -> None:
    damage(root / "c.jpg")
    assert check(root, inventory(("1", ["a.jpg", "c.jpg"]))).problems == (
        Problem("broken", "c.jpg", "1", reason),
    )


def test_check_photos_does_not_call_photo_broken_for_lack_of_memory(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OutOfMemoryError("not enough memory for 9×9 pixels")

    monkeypatch.setattr("ctc.inventory.checks.check.decode", fail)
    assert check(root, inventory(("1", ["a.jpg"]))).problems == (
        Problem("unchecked", "a.jpg", "1", "not enough memory for 9×9 pixels"),
    )


def test_check_photos_tries_again_when_memory_was_short(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = iter([OutOfMemoryError("short"), None])

    def fail_once(*_: object) -> None:
        error = next(results)
        if error:
            raise error

    monkeypatch.setattr("ctc.inventory.checks.check.decode", fail_once)
    assert check(root, inventory(("1", ["a.jpg"]))).problems == ()


def test_check_photos_finds_truncated_real_photo(shared: Path, root: Path) -> None:
    photos = shared / "data" / "camera-trap-photos"
    names = sorted(path.name for path in photos.glob("*.jpg"))
    result = check(photos, inventory(*((name, [name]) for name in names)))
    assert [(problem.problem, problem.path) for problem in result.problems] == [
        ("broken", "african_elephants_truncated_file.jpg")
    ]


def test_check_photos_lists_duplicate_in_one_event(root: Path) -> None:
    assert check(root, inventory(("1", ["a.jpg", "b.jpg"]))).problems == (
        Problem("duplicate", "b.jpg", "1", "same bytes as 'a.jpg' of the same event"),
    )


def test_check_photos_lists_duplicate_in_two_events_with_differences(root: Path) -> None:
    listed = inventory(
        ("1", ["a.jpg"]),
        ("2", ["b.jpg"]),
        species=["fox", "hare"],
        count=["1", "1"],
        location=["pond", None],
    )
    assert check(root, listed).problems == (
        Problem(
            "straddling",
            "b.jpg",
            "2",
            "same bytes as 'a.jpg' of event '1'; species: fox / hare; location: pond / none",
        ),
    )


def test_check_photos_lists_one_photo_of_two_events(root: Path) -> None:
    assert check(root, inventory(("1", ["a.jpg"]), ("2", ["a.jpg"]))).problems == (
        Problem("straddling", "a.jpg", "2", "same bytes as 'a.jpg' of event '1'"),
    )


def test_check_photos_accepts_photo_of_two_observations(root: Path) -> None:
    assert (
        check(root, inventory(("1", ["a.jpg"]), ("1", ["a.jpg"]), species=["fox", "hare"])).problems
        == ()
    )


def test_check_photos_compares_labels_of_all_observations(root: Path) -> None:
    listed = inventory(
        ("1", ["a.jpg"]), ("1", ["a.jpg"]), ("2", ["b.jpg"]), species=["hare", "fox", "fox"]
    )
    assert [problem.detail for problem in check(root, listed).problems] == [
        "same bytes as 'a.jpg' of event '1'; species: fox + hare / fox"
    ]


def test_check_photos_compares_every_copy_with_first(root: Path) -> None:
    for name in ("e", "f"):
        shutil.copy(root / "c.jpg", root / f"{name}.jpg")
    listed = inventory(
        ("1", ["e.jpg"]), ("2", ["a.jpg"]), ("3", ["c.jpg"]), ("4", ["f.jpg"]), ("5", ["b.jpg"])
    )
    result = check(root, listed)
    assert result.counts() == {
        "missing": 0,
        "broken": 0,
        "unchecked": 0,
        "duplicate": 0,
        "straddling": 3,
        "near-duplicate": 0,
    }
    assert {(problem.path, problem.detail[-2]) for problem in result.problems} == {
        ("c.jpg", "1"),
        ("f.jpg", "1"),
        ("b.jpg", "2"),
    }


def test_check_photos_does_not_compare_broken_photos(root: Path) -> None:
    for name in ("c", "d"):
        (root / f"{name}.jpg").write_bytes(b"text")
    result = check(root, inventory(("1", ["a.jpg", "c.jpg"]), ("2", ["d.jpg"])))
    assert result.counts()["straddling"] == 0


def test_check_photos_reports_progress_and_failures(root: Path) -> None:
    calls: list[tuple[int, int]] = []
    listed = inventory(("1", ["a.jpg", "x.jpg"]))
    check_photos(
        listed, photo_uses(listed), root, 1, lambda done, failed: calls.append((done, failed))
    )
    assert calls == [(1, 0), (1, 1)]


def test_check_photos_refuses_root_without_any_photo(root: Path) -> None:
    with pytest.raises(
        InputError, match=r"no photo .* \('a\.jpg': no such file or directory\); use --image-root"
    ):
        check(root / "elsewhere", inventory(("1", ["a.jpg", "b.jpg"])))


def test_check_photos_refuses_inventory_without_photos(root: Path) -> None:
    with pytest.raises(InputError, match="it names none"):
        check(root, inventory(("1", [])))


def test_check_photos_ends_when_the_disk_goes_away(root: Path) -> None:
    names = [f"cam/{number:03}.jpg" for number in range(200)]
    (root / "cam").mkdir()
    for name in names:
        shutil.copy(root / "a.jpg", root / name)
    listed = inventory(*((name, [name]) for name in names))

    def move_away(done: int, failed: int) -> None:
        if (root / "cam").exists():
            (root / "cam").rename(root / "away")

    with pytest.raises(InputError, match=r"folder '.*cam' is gone"):
        check_photos(listed, photo_uses(listed), root, 1, move_away)
