"""Every photo is opened: the missing, the broken and the copies are found."""

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
from ctc.inventory.check import PhotoCheckResult, Problem, check_photos
from ctc.inventory.photo_uses import photo_uses

Row = tuple[str, list[str]]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Four sound photos; b.jpg has the bytes of a.jpg."""
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


def check(root: Path, held: Inventory) -> PhotoCheckResult:
    return check_photos(held, photo_uses(held), root, 2, lambda done, failed: None)


def test_sound_photos_are_no_problem(root: Path) -> None:
    assert check(root, inventory(("1", ["a.jpg", "c.jpg"]), ("2", ["d.jpg"]))) == PhotoCheckResult(
        3, ()
    )


def test_a_missing_photo_is_listed_for_each_of_its_events(root: Path) -> None:
    checked = check(root, inventory(("1", ["a.jpg", "x.jpg"]), ("2", ["x.jpg"])))
    assert checked.problems == (
        Problem("missing", "x.jpg", "1", "no such file or directory"),
        Problem("missing", "x.jpg", "2", "no such file or directory"),
    )


@pytest.mark.parametrize(
    ("spoil", "reason"),
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
def test_a_photo_that_can_not_be_used_is_broken(
    root: Path, spoil: Callable[[Path], object], reason: str
) -> None:
    spoil(root / "c.jpg")
    assert check(root, inventory(("1", ["a.jpg", "c.jpg"]))).problems == (
        Problem("broken", "c.jpg", "1", reason),
    )


def test_a_truncated_photo_from_the_field_is_broken(shared: Path, root: Path) -> None:
    photos = shared / "data" / "camera-trap-photos"
    names = sorted(path.name for path in photos.glob("*.jpg"))
    checked = check(photos, inventory(*((name, [name]) for name in names)))
    assert [(problem.problem, problem.path) for problem in checked.problems] == [
        ("broken", "african_elephants_truncated_file.jpg")
    ]


def test_the_same_bytes_in_one_event_are_a_duplicate(root: Path) -> None:
    assert check(root, inventory(("1", ["a.jpg", "b.jpg"]))).problems == (
        Problem("duplicate", "b.jpg", "1", "same bytes as 'a.jpg' of the same event"),
    )


def test_the_same_bytes_in_two_events_straddle_and_say_what_differs(root: Path) -> None:
    held = inventory(
        ("1", ["a.jpg"]),
        ("2", ["b.jpg"]),
        species=["fox", "hare"],
        count=["1", "1"],
        location=["pond", None],
    )
    assert check(root, held).problems == (
        Problem(
            "straddling",
            "b.jpg",
            "2",
            "same bytes as 'a.jpg' of event '1'; species: fox / hare; location: pond / none",
        ),
    )


def test_one_photo_in_two_events_straddles(root: Path) -> None:
    assert check(root, inventory(("1", ["a.jpg"]), ("2", ["a.jpg"]))).problems == (
        Problem("straddling", "a.jpg", "2", "same bytes as 'a.jpg' of event '1'"),
    )


def test_one_photo_in_two_observations_of_an_event_is_no_copy(root: Path) -> None:
    assert (
        check(root, inventory(("1", ["a.jpg"]), ("1", ["a.jpg"]), species=["fox", "hare"])).problems
        == ()
    )


def test_the_labels_of_all_observations_are_compared(root: Path) -> None:
    held = inventory(
        ("1", ["a.jpg"]), ("1", ["a.jpg"]), ("2", ["b.jpg"]), species=["hare", "fox", "fox"]
    )
    assert [problem.detail for problem in check(root, held).problems] == [
        "same bytes as 'a.jpg' of event '1'; species: fox + hare / fox"
    ]


def test_every_further_copy_is_listed_against_the_first(root: Path) -> None:
    for name in ("e", "f"):
        shutil.copy(root / "c.jpg", root / f"{name}.jpg")
    held = inventory(
        ("1", ["e.jpg"]), ("2", ["a.jpg"]), ("3", ["c.jpg"]), ("4", ["f.jpg"]), ("5", ["b.jpg"])
    )
    checked = check(root, held)
    assert checked.counts() == {"missing": 0, "broken": 0, "duplicate": 0, "straddling": 3}
    assert {(problem.path, problem.detail[-2]) for problem in checked.problems} == {
        ("c.jpg", "1"),
        ("f.jpg", "1"),
        ("b.jpg", "2"),
    }


def test_broken_photos_are_no_copies_of_each_other(root: Path) -> None:
    for name in ("c", "d"):
        (root / f"{name}.jpg").write_bytes(b"text")
    checked = check(root, inventory(("1", ["a.jpg", "c.jpg"]), ("2", ["d.jpg"])))
    assert checked.counts()["straddling"] == 0


def test_progress_tells_of_photos_and_failures(root: Path) -> None:
    told: list[tuple[int, int]] = []
    held = inventory(("1", ["a.jpg", "x.jpg"]))
    check_photos(held, photo_uses(held), root, 1, lambda done, failed: told.append((done, failed)))
    assert told == [(1, 0), (1, 1)]


def test_a_root_where_nothing_is_found_is_an_error_not_a_list(root: Path) -> None:
    with pytest.raises(
        InputError, match=r"no photo .* \('a\.jpg': no such file or directory\); give --image-root"
    ):
        check(root / "elsewhere", inventory(("1", ["a.jpg", "b.jpg"])))


def test_an_inventory_without_photos_is_an_error(root: Path) -> None:
    with pytest.raises(InputError, match="it names none"):
        check(root, inventory(("1", [])))
