"""What is blurred, and that it can't be recognized."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image
from tagged_photos import THUMBNAIL, jpeg, noise

from ctc.artifacts.boxes import Box, LabelledBox
from ctc.errors import ImageError
from ctc.images import decode
from ctc.tagging.blur import BlurArea, blur_photo, find_area, pixelate
from ctc.tagging.jpeg.iptc import DataSet, to_bytes
from ctc.tagging.jpeg.photoshop import Resource, to_bodies
from ctc.tagging.jpeg.segments import (
    APP1,
    APP13,
    COMMENT,
    XMP,
    JpegFile,
    Segment,
    read_segments,
)
from ctc.tagging.records import Answer, TaggedPhoto

PERSON = Box(0.25, 0.25, 0.5, 0.5, confidence=0.9)


def area_of(*boxes: LabelledBox, answer: str = "fox", blur: str = "human") -> BlurArea:
    photo = TaggedPhoto("a.jpg", (Answer("species", answer, 0.9),), boxes)
    return find_area(photo, (blur,), 0.1)


def test_find_area_takes_boxes_by_category_and_by_class() -> None:
    by_category = LabelledBox(PERSON, "person")
    by_class = LabelledBox(Box(0, 0, 0.1, 0.1, confidence=0.5), "animal", {"species": "human"})
    other = LabelledBox(Box(0.5, 0, 0.1, 0.1, confidence=0.5), "animal", {"species": "fox"})
    assert area_of(by_category, by_class, other) == BlurArea((PERSON, by_class.box))


def test_find_area_leaves_out_boxes_that_are_not_sure() -> None:
    box = LabelledBox(Box(0, 0, 0.1, 0.1, confidence=0.09), "person")
    assert area_of(box).is_empty


@pytest.mark.parametrize(
    "box",
    [
        Box(float("nan"), 0, 0.5, 0.5, confidence=0.9),
        Box(0, 0, float("inf"), 0.5, confidence=0.9),
        Box(0.8, 0.8, -0.5, -0.5, confidence=0.9),
        Box(300, 200, 50, 60, confidence=0.9),
    ],
)
def test_find_area_is_the_whole_photo_where_a_box_is_not_in_it(box: Box) -> None:
    person = LabelledBox(PERSON, "person")
    assert area_of(LabelledBox(box, "person"), person) == BlurArea((PERSON,), is_whole=True)


def test_find_area_takes_a_box_whose_confidence_is_no_number() -> None:
    box = Box(0, 0, 0.5, 0.5, confidence=float("nan"))
    assert area_of(LabelledBox(box, "person")) == BlurArea((box,))


def test_find_area_is_the_whole_photo_without_a_box() -> None:
    animal = LabelledBox(PERSON, "animal", {"species": "fox"})
    assert area_of(animal, answer="human") == BlurArea((), is_whole=True)


def test_find_area_of_an_answer_with_a_box_is_the_box() -> None:
    assert area_of(LabelledBox(PERSON, "person"), answer="human") == BlurArea((PERSON,))


def test_find_area_of_an_animal_is_by_its_name_alone() -> None:
    assert area_of(answer="Fox", blur="fox").is_whole
    assert area_of(answer="wolf", blur="fox").is_empty


def test_pixelate_gives_each_square_its_mean() -> None:
    pixels = noise(100, 100)
    before = pixels.copy()
    pixelate(pixels, Box(0.2, 0.3, 0.5, 0.25), 5, 0)
    assert np.array_equal(pixels[30:40, 20:30], np.broadcast_to(pixels[30, 20], (10, 10, 3)))
    assert pixels[30, 20].tolist() == np.round(before[30:40, 20:30].mean(axis=(0, 1))).tolist()
    assert len(np.unique(pixels[30:55, 20:70].reshape(-1, 3), axis=0)) <= 15
    assert np.array_equal(pixels[:30], before[:30])
    assert np.array_equal(pixels[:, 70:], before[:, 70:])


def test_blur_photo_hides_the_box_and_keeps_the_rest() -> None:
    data = jpeg()
    found, before = decode(blur_photo(data, BlurArea((PERSON,)), ".jpg")), decode(data)
    inside = found[24:72, 32:96].astype(int)
    assert inside.std() < before[24:72, 32:96].astype(int).std() / 3
    assert np.abs(found[:12].astype(int) - before[:12]).mean() < 40
    assert found.shape == before.shape


def test_blur_photo_is_upright_and_has_no_thumbnail() -> None:
    data = jpeg(orientation=6)
    found = blur_photo(data, BlurArea((PERSON,)), ".jpg")
    with Image.open(io.BytesIO(found)) as image:
        assert image.size == (96, 128)
        assert image.getexif()[0x0112] == 1
        assert image.getexif()[0x010F] == "RECONYX"
    assert THUMBNAIL in data
    assert THUMBNAIL not in found
    assert found.count(b"\xff\xd8\xff") == 1


def test_blur_photo_takes_pictures_out_of_xmp() -> None:
    file = read_segments(jpeg())
    assert file is not None
    xmp = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><r:RDF'
        b' xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><r:Description r:about=""'
        b' xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4"><xmp:Thumbnails>picture'
        b"</xmp:Thumbnails></r:Description></r:RDF></x:xmpmeta>"
    )
    data = file.replaced(APP1, XMP, [XMP + xmp]).to_bytes()
    found = blur_photo(data, BlurArea(is_whole=True), ".jpg")
    assert b"picture" not in found
    assert b'xmp:Rating="4"' in found


def test_blur_photo_leaves_out_segments_that_may_hold_a_picture() -> None:
    file = read_segments(jpeg())
    assert file is not None
    data = file.replaced(0xE3, b"secret", [b"secret"]).to_bytes() + b"behind the end"
    found = blur_photo(data, BlurArea(is_whole=True), ".jpg")
    assert b"secret" not in found
    assert b"behind the end" not in found


def test_blur_photo_of_another_kind() -> None:
    file = io.BytesIO()
    Image.fromarray(noise()).save(file, "PNG")
    found = decode(blur_photo(file.getvalue(), BlurArea(is_whole=True), ".png"))
    assert len(np.unique(found.reshape(-1, 3), axis=0)) <= 12 * 9


def test_blur_photo_of_a_kind_that_can_not_be_written() -> None:
    file = io.BytesIO()
    Image.fromarray(noise()).save(file, "GIF")
    with pytest.raises(ImageError, match=r"can't be written as '\.gif'"):
        blur_photo(file.getvalue(), BlurArea(is_whole=True), ".gif")


def test_blur_photo_takes_pictures_out_of_all_fields_that_it_keeps() -> None:
    """A small JPEG in a comment, in IPTC's preview, in Photoshop's resources, and as base64 in
    EXIF, in a comment and in XMP's text, attributes and comments."""
    picture = b"\xff\xd8\xff\xe0" + noise(16, 16).tobytes()
    text = base64.encodebytes(picture)  # in lines of 76
    xmp = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><!-- ' + text + b" --><r:RDF"
        b' xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><r:Description r:about=""'
        b' xmlns:my="http://example.org/" my:Rating="4" my:Face="'
        + text.replace(b"\n", b"")
        + b'"><my:All><r:Bag><r:li>kept</r:li><r:li>'
        + text
        + b"</r:li></r:Bag></my:All>"
        b"</r:Description></r:RDF></x:xmpmeta>"
    )
    iptc = to_bytes([DataSet((2, 105), b"Headline"), DataSet((2, 202), picture)])
    resources = [Resource(b"8BIM", 0x0404, b"\0\0", iptc), Resource(b"8BIM", 0x1000, b"\0\0", text)]
    exif = Image.Exif()
    exif[0x010F], exif[0x010E] = "RECONYX", text.decode()
    photo = io.BytesIO()
    Image.fromarray(noise()).save(photo, "JPEG", exif=exif)
    file = read_segments(photo.getvalue())
    assert file is not None
    added = [Segment(APP1, XMP + xmp), Segment(COMMENT, picture), Segment(COMMENT, b"Site 4")]
    added += [Segment(APP13, body) for body in to_bodies(resources)]
    data = JpegFile((*file.segments[:2], *added, *file.segments[2:]), file.rest).to_bytes()

    found = blur_photo(data, BlurArea(is_whole=True), ".jpg")
    assert found.count(b"\xff\xd8\xff") == 1
    assert text[:40] not in found
    for kept in (b"RECONYX", b"Headline", b'my:Rating="4"', b"<r:li>kept</r:li>"):
        assert kept in found


def test_blur_photo_keeps_comments_that_are_text() -> None:
    file = read_segments(jpeg())
    assert file is not None
    text = Segment(COMMENT, "Station 4, Höhe 310 m. ".encode() * 40)
    data = JpegFile((*file.segments, text), file.rest).to_bytes()
    assert text.body in blur_photo(data, BlurArea(is_whole=True), ".jpg")
