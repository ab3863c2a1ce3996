from __future__ import annotations

import pytest

from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.images.metadata.photo_header import PhotoHeader
from ctc.inference.gpu_decode.geometry import geometry_arrays, input_geometry


def header(height: int, width: int, orientation: int = 1) -> PhotoHeader:
    return PhotoHeader(height, width, orientation, True, b"", {}, True)


def test_photo_is_halved_as_often_as_libjpeg_scales_it_down() -> None:
    found = input_geometry(header(1536, 2048), Preprocessing(224, 224))
    assert found.halvings == 2
    assert found.sizes == ((768, 1024), (384, 512), (192, 256))
    assert (found.start, found.end) == ((0, 0), (384, 512))
    assert found.shown == (224, 224)
    assert found.reductions == (1, 1)


def test_photo_is_resized_linearly_if_no_side_shrinks_to_less_than_half() -> None:
    found = input_geometry(header(1536, 2048), Preprocessing(256, 256))
    assert found.halvings == 2
    assert found.reductions == (0, 0)


def test_photo_is_halved_at_most_three_times_and_rounded_up() -> None:
    found = input_geometry(header(2449, 3265), Preprocessing(32, 32))
    assert found.halvings == 3
    assert found.sizes[2] == found.end == (307, 409)
    assert found.reductions == (3, 3)


def test_arrays_have_the_sizes_after_each_reduction() -> None:
    geometries = [
        input_geometry(header(*size), Preprocessing(32, 48)) for size in ((32, 48), (450, 1200))
    ]
    *_, reductions, reduced = geometry_arrays(geometries, has_border=False)
    assert reductions.tolist() == [0, 2]
    assert reduced.tolist() == [
        [[32, 48]] * 4,
        [[64, 192], [32, 96], [32, 48], [32, 48]],
    ]


def test_arrays_with_a_border_end_with_the_anchor() -> None:
    geometry = input_geometry(header(480, 640), Preprocessing(320, 320, "letterbox"))
    *_, anchors = geometry_arrays([geometry], has_border=True)
    assert anchors.tolist() == [[-40, 0]]


def test_small_photo_is_not_halved() -> None:
    found = input_geometry(header(20, 30), Preprocessing(32, 32))
    assert (found.halvings, found.end, found.reductions) == (0, (20, 30), (0, 0))


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_turned_photo_is_measured_upright(orientation: int) -> None:
    turned = input_geometry(header(2048, 1536, orientation), Preprocessing(224, 300))
    assert turned == input_geometry(header(1536, 2048), Preprocessing(224, 300))


def test_fit_crop_shows_the_centre() -> None:
    found = input_geometry(header(480, 640), Preprocessing(240, 240, "fit-crop"))
    assert (found.halvings, found.start, found.end) == (1, (0, 40), (240, 280))
    assert found.reductions == (0, 0)


def test_letterbox_shows_the_photo_between_borders() -> None:
    found = input_geometry(header(480, 640), Preprocessing(320, 320, "letterbox"))
    assert (found.shown, found.region) == ((240, 320), (40, 0, 240, 320))
    assert (found.halvings, found.end) == (0, (480, 640))
