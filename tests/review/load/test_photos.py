import pytest

from ctc.artifacts.review.events.photo_places import PhotoPlaces
from ctc.review.load.photos import PhotoFinder, find_places

PATHS = ["a/1.jpg", "a/2.jpg", "b/1.jpg"]


def find(paths, root):
    return find_places(paths, None if root is None else str(root), PhotoFinder())


def test_find_places_below_the_root(photo_root):
    assert find(PATHS, photo_root) == (PhotoPlaces(str(photo_root)), [])


def test_find_places_from_the_current_folder(photo_root, monkeypatch):
    monkeypatch.chdir(photo_root)
    assert find(PATHS, None) == (PhotoPlaces(str(photo_root)), [])


def test_find_places_of_a_root_that_is_named_in_the_paths(photo_root):
    paths = [f"season/photos/{path}" for path in PATHS]
    assert find(paths, photo_root) == (PhotoPlaces(str(photo_root), "season/photos"), [])


@pytest.mark.parametrize("old", ["/old/disk", "D:/photos 2025", "D:\\photos 2025"])
def test_find_places_of_photos_that_moved_from_an_absolute_path(photo_root, old):
    places, missing = find([f"{old}/{path}" for path in PATHS], photo_root)
    assert missing == []
    assert places.location(f"{old}/a/1.jpg") == str(photo_root / "a" / "1.jpg")


def test_find_places_of_a_root_given_relatively(photo_root, monkeypatch):
    monkeypatch.chdir(photo_root.parent)
    assert find(PATHS, "photos") == (PhotoPlaces(str(photo_root)), [])


def test_find_places_leaves_what_moved_apart(photo_root):
    (photo_root / "a" / "2.jpg").rename(photo_root / "2.jpg")
    assert find(PATHS, photo_root)[1] == ["a/2.jpg"]


def test_find_places_names_all_photos_of_a_folder_that_is_not_there(tmp_path):
    assert find(PATHS, tmp_path / "none")[1] == PATHS


def test_find_places_takes_the_clip_of_a_frame(photo_root):
    (photo_root / "clip.mp4").write_bytes(b"")
    paths = ["clip.mp4#t=3.2", "other.mp4#t=1"]
    assert find(paths, photo_root)[1] == ["other.mp4#t=1"]


def test_find_places_takes_urls_as_there():
    assert find(["https://example.org/1.jpg"], None)[1] == []
    assert find(["1.jpg"], "https://example.org/photos") == (
        PhotoPlaces("https://example.org/photos"),
        [],
    )
