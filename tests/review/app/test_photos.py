"""Photos over HTTP: upright, small, and none but those of the review."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from PIL import Image


def photo_path(api):
    (photo,) = api.store.event(api.keys[0]).photos
    return api.store.path.parent / "photos" / photo.path


def size_of(reply) -> tuple[int, int]:
    assert (reply.status_code, reply.headers["content-type"]) == (200, "image/jpeg")
    with Image.open(io.BytesIO(reply.content)) as image:
        return image.size


def test_photo_is_made_smaller(api) -> None:
    Image.new("RGB", (2000, 1500)).save(photo_path(api))
    url = f"/api/photo/{api.keys[0]}/0"
    sizes = [size_of(api.get(url, size=size)) for size in ("thumb", "view", "full")]
    assert sizes == [(427, 320), (1440, 1080), (2000, 1500)]


def test_photo_is_upright_and_without_exif(api) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x013B] = 6, "the secret place"
    Image.new("RGB", (60, 40)).save(photo_path(api), exif=exif)
    reply = api.get(f"/api/photo/{api.keys[0]}/0", size="full")
    assert size_of(reply) == (40, 60)
    assert b"secret" not in reply.content


@pytest.mark.parametrize("n", ["1", "99999999999", "-1", "x"])
def test_photo_that_the_event_does_not_have(api, n: str) -> None:
    assert api.get(f"/api/photo/{api.keys[0]}/{n}").status_code == 404


def test_photo_of_an_unknown_size(api) -> None:
    reply = api.get(f"/api/photo/{api.keys[0]}/0", size="huge")
    assert (reply.status_code, reply.json()["error"]) == (
        400,
        "'size' is 'huge', not 'thumb', 'view', 'full'",
    )


def test_photo_that_cannot_be_read(api) -> None:
    photo_path(api).write_bytes(b"no photo")
    reply = api.get(f"/api/photo/{api.keys[0]}/0")
    assert reply.status_code == 404
    assert reply.json()["error"].startswith("'00000-0.jpg' can't be shown: not an image")


def test_photo_that_has_moved(api) -> None:
    folder = photo_path(api).parents[1]
    folder.rename(folder.with_name("moved"))
    reply = api.get(f"/api/photo/{api.keys[0]}/0")
    assert (reply.status_code, reply.json()["error"]) == (
        404,
        (
            "'00000-0.jpg' can't be shown: it is not there: "
            "if photos have moved, start again with --photos ROOT"
        ),
    )
    about = replace(api.store.about(), photo_root=str(folder.with_name("moved")))
    api.store.set_about(about)
    assert api.get(f"/api/photo/{api.keys[0]}/0").status_code == 200
