import pytest

from ctc.artifacts.review.events.moved_photos import Move, find_move

OLD = ["d/cam1/1.jpg", "d/cam1/2.jpg", "d/cam2/1.jpg"]


@pytest.mark.parametrize(("old", "new"), [("", "x/"), ("x/", ""), ("x/y/", "x/z/"), ("/a/", "D:/")])
def test_find_move_finds_both_folders(old, new):
    paths = [[f"{folder}{path}" for path in OLD] for folder in (old, new)]
    assert find_move(*paths) == Move(old, new)


def test_find_move_needs_more_than_half():
    assert find_move(OLD, ["e/cam1/1.jpg"]) is None
    assert find_move(OLD, ["e/cam1/1.jpg", "e/cam1/2.jpg"]) == Move("d/", "e/")


def test_find_move_of_nothing():
    assert find_move([], OLD) is None
    assert find_move(OLD, []) is None


def test_move_leaves_other_paths():
    assert Move("d/", "e/").apply("d/cam1/1.jpg") == "e/cam1/1.jpg"
    assert Move("d/", "e/").apply("f/1.jpg") == "f/1.jpg"
