"""Size budget of the thumbnails."""

from __future__ import annotations

import base64
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from ctc.artifacts.boxes import Box
from ctc.errors import ImageError
from ctc.evaluation.config import ReportConfig
from ctc.evaluation.html.gallery_items import PhotoRef
from ctc.evaluation.html.thumbnails import (
    NO_PATH,
    NOT_FOUND,
    NOT_IN_DATASET,
    TOO_MUCH,
    Thumbnails,
    describe_missing,
    make_thumbnails,
    thumbnails_from_dataset,
    thumbnails_from_files,
)


@pytest.mark.parametrize(("megabytes", "pictures"), [(15.0, 88), (0.3, 30), (0.0, 0)])
def test_make_thumbnails_keeps_to_the_budget(
    megabytes, pictures, data, write_report, read_page
) -> None:
    page = read_page(write_report(data, config=ReportConfig(megabytes)))
    found = page.all("img", "src")
    assert sum(map(len, found)) <= megabytes * 1_000_000
    assert len(found) <= pictures
    assert (len(found) > 0) == (megabytes > 0)


def test_make_thumbnails_says_why_a_photo_is_missing(photos, tmp_path) -> None:
    (tmp_path / "text.jpg").write_text("no picture")
    whole, gone = PhotoRef("a", photos[0]), PhotoRef("b", str(tmp_path / "gone.jpg"))
    damaged, event = PhotoRef("c", str(tmp_path / "text.jpg")), PhotoRef("event 4", "")
    listed = [whole, gone, damaged, event]
    found = make_thumbnails(listed, thumbnails_from_files(), 15)
    assert list(found.uris) == [whole]
    assert (found.missing[gone], found.missing[event]) == (NOT_FOUND, NO_PATH)
    assert found.missing[damaged]
    assert set(found.missing) == {gone, damaged, event}
    none = make_thumbnails(listed, thumbnails_from_files(), 0)
    assert (none.uris, set(none.missing.values())) == ({}, {TOO_MUCH})


def test_thumbnails_from_dataset_says_what_it_does_not_find(colour_dataset) -> None:
    photos = [PhotoRef("test-0", "test/0-0.jpg"), PhotoRef("test-0", "test/other.jpg")]
    found = dict(thumbnails_from_dataset(colour_dataset, "test")(photos))
    assert isinstance(found[photos[0]], bytes)
    assert isinstance(found[photos[1]], ImageError)
    assert str(found[photos[1]]) == NOT_IN_DATASET


def test_describe_missing_names_cause_and_next_step() -> None:
    missing = {PhotoRef(f"event {i}", ""): NO_PATH for i in range(52)}
    missing |= {PhotoRef("x", "x.jpg"): TOO_MUCH, PhotoRef("y", "y.jpg"): "empty file"}
    assert describe_missing(Thumbnails({}, missing)) == (
        (
            "52 photos are not shown: the predictions name events, such as “event 0”, but not their"
            " photos. Files that “ctc predict” writes as JSON, or with --per-photo, name them."
        ),
        "1 photo is not shown, so that this file stays small; --thumbnails sets its size.",
        "1 photo is not shown: empty file, such as “y.jpg”.",
    )


def test_make_thumbnails_draws_boxes(tmp_path) -> None:
    path = tmp_path / "a.png"
    Image.new("RGB", (288, 288), (60, 60, 60)).save(path)
    photo = PhotoRef("a", str(path))
    uris = [
        make_thumbnails([photo], thumbnails_from_files(), 1, boxes).uris[photo]
        for boxes in (lambda _: {}, lambda _: {photo.path: [Box(0.25, 0.5, 0.5, 0.25)]})
    ]
    plain, drawn = (
        np.asarray(Image.open(BytesIO(base64.b64decode(uri.split(",")[1]))), np.int16)
        for uri in uris
    )
    changed = np.abs(drawn - plain).max(axis=2) > 60
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    assert (rows[0], rows[-1]) == pytest.approx((72 - 2, 108 + 2), abs=2)
    assert (columns[0], columns[-1]) == pytest.approx((36 - 2, 108 + 2), abs=2)
    assert not changed[80:100, 45:100].any()
