from pathlib import Path

import pytest

from ctc.plugin import LeftOut, Observation
from ctc.testing import check_input_format
from ctc_savanna.wildlife_insights import ctc_input_formats, read

DOWNLOAD = Path(__file__).parent / "data" / "images.csv"


@pytest.mark.parametrize("by_filename", [True, False])
def test_wildlife_insights_passes_check_format(by_filename):
    check_input_format(*ctc_input_formats(), DOWNLOAD, {"by_filename": by_filename})


def test_animals_of_one_photo_are_observations():
    lion, buffalo, blank, lost = read(DOWNLOAD, {"by_filename": False})
    meta = {"location": "north", "datetime": "2026-03-01T18:35:10"}
    photo = ("deployment/11/id-1.jpg",)
    assert lion == Observation("id-1", photo, {"species": "Lion", "count": "2"}, meta)
    assert buffalo == Observation("id-1", photo, {"species": "African Buffalo", "count": "1"}, meta)
    assert blank.labels == {"species": "empty", "count": None}
    assert lost == LeftOut("images.csv line 5", "it doesn't say where its photo is")


def test_photos_by_uploaded_filename():
    lion, *_ = read(DOWNLOAD, {"by_filename": True})
    assert lion.images == ("north/IMG_0001.JPG",)
