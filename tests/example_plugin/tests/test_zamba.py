from pathlib import Path

import pytest

from ctc.plugin import LeftOut, Observation
from ctc.testing import check_input_format
from ctc_savanna.zamba import ctc_input_formats, read

LABELS = Path(__file__).parent / "data" / "labels.csv"


@pytest.mark.parametrize("keep_split", [True, False])
def test_zamba_passes_check_format(keep_split):
    check_input_format(*ctc_input_formats(), LABELS, {"keep_split": keep_split})


def test_animals_of_one_file_are_observations():
    lion, buffalo, blank, lost = read(LABELS, {"keep_split": False})
    clip, meta = ("north/0001.mp4",), {"location": "north"}
    assert lion == Observation("north/0001.mp4", clip, {"species": "lion"}, meta)
    assert buffalo == Observation("north/0001.mp4", clip, {"species": "buffalo"}, meta)
    assert blank.labels == {"species": "empty"}
    assert lost == LeftOut("labels.csv line 5", "it doesn't say where its file is")


def test_splits_are_kept():
    lion, *_ = read(LABELS, {"keep_split": True})
    assert lion.meta == {"location": "north", "split": "train"}
