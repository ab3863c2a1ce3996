"""Where copies and sidecars go."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tagged_photos import write_photos

from ctc.errors import UsageError
from ctc.tagging.config import TagConfig
from ctc.tagging.places import Place, Places
from ctc.tagging.records import TaggedPhoto


def find_places(photos: list[TaggedPhoto], config: TagConfig) -> list[Place]:
    places = Places.of(photos, config)
    return [places.place(one) for one in photos]


CONFIG = TagConfig(Path("predictions.csv"))


def photos_at(folder: Path, *names: str) -> list[TaggedPhoto]:
    return [TaggedPhoto(str(folder / name)) for name in names]


@pytest.mark.parametrize(
    ("name", "sidecar"), [("photo.jpg.xmp", "a/1.JPG.xmp"), ("photo.xmp", "a/1.xmp")]
)
def test_find_places_beside_the_photos(tmp_path: Path, name: str, sidecar: str) -> None:
    config = replace(CONFIG, sidecars=True, sidecar_name=name)
    (place,) = find_places(photos_at(tmp_path, "a/1.JPG"), config)
    assert (place.copy, place.sidecar) == (None, tmp_path / sidecar)


def test_find_places_below_the_folder_that_all_are_in(tmp_path: Path) -> None:
    config = replace(CONFIG, copy_to=tmp_path / "out")
    places = find_places(photos_at(tmp_path / "photos", "a/1.jpg", "b/c/1.jpg"), config)
    out = tmp_path / "out"
    assert [place.copy for place in places] == [out / "a/1.jpg", out / "b/c/1.jpg"]


def test_find_places_below_the_image_root(tmp_path: Path) -> None:
    config = replace(CONFIG, copy_to=tmp_path / "out", image_root=tmp_path / "photos")
    photos = photos_at(tmp_path, "photos/a/1.jpg", "photos/../elsewhere/1.jpg")
    below, elsewhere = (place.copy for place in find_places(photos, config))
    assert below == tmp_path / "out/a/1.jpg"
    assert elsewhere == tmp_path / "out" / (tmp_path / "elsewhere/1.jpg").relative_to("/")


def test_find_places_of_urls(tmp_path: Path) -> None:
    photos = [TaggedPhoto("https://example.org/a/1.jpg?size=2")]
    (place,) = find_places(photos, replace(CONFIG, copy_to=tmp_path))
    assert place.copy == tmp_path / "example.org/a/1.jpg"
    with pytest.raises(UsageError, match="beside which no sidecar can be written"):
        find_places(photos, CONFIG)


def test_find_places_never_over_a_photo(tmp_path: Path) -> None:
    write_photos(tmp_path, "a/1.jpg", "b/1.jpg")
    (tmp_path / "link").symlink_to(tmp_path)
    photos = photos_at(tmp_path, "a/1.jpg", "b/1.jpg")
    with pytest.raises(UsageError, match=r"would be among the photos of .*another --copy-to"):
        find_places(photos, replace(CONFIG, copy_to=tmp_path / "link"))


def test_find_places_never_below_a_folder_of_photos(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cards beside each other in the current folder have their copies beside them."""
    write_photos(tmp_path, "card1/1.jpg", "card2/1.jpg")
    monkeypatch.chdir(tmp_path)
    photos = [TaggedPhoto("card1/1.jpg"), TaggedPhoto("card2/1.jpg")]
    assert find_places(photos, replace(CONFIG, copy_to=Path("out")))[0].copy == Path(
        "out/card1/1.jpg"
    )
    with pytest.raises(UsageError, match=r"would be among the photos of .*card1'"):
        find_places(photos, replace(CONFIG, copy_to=Path("card1/out")))
    monkeypatch.chdir("/")
    with pytest.raises(UsageError, match="would be among the photos of"):
        find_places(photos_at(tmp_path, "card1/1.jpg"), replace(CONFIG, copy_to=tmp_path / "card1"))


def test_find_places_refuses_one_sidecar_for_two_photos(tmp_path: Path) -> None:
    photos = photos_at(tmp_path, "1.jpg", "1.mp4")
    with pytest.raises(UsageError, match=r"would both have '.*1.xmp'"):
        find_places(photos, replace(CONFIG, sidecar_name="photo.xmp"))
    assert len(find_places(photos, CONFIG)) == 2
