"""Folders of memory cards."""

from __future__ import annotations

import pytest

from ctc.artifacts.cameras.card_folders import camera_folder


@pytest.mark.parametrize(
    "folder",
    [
        "N1",
        "N1/100RECNX",
        "N1/101RECNX/",
        "N1/DCIM",
        "N1/DCIM/100ABCDE",
        "N1/dcim/102EK113",
        "N1/101_BTCF",
        "N1/100DSCIM",
        "N1/100MFCAM",
        "N1/100SYCAM",
        "N1/999MEDIA",
    ],
)
def test_camera_folder_is_the_same_for_all_folders_of_a_card(folder: str) -> None:
    assert camera_folder(folder) == "N1"


@pytest.mark.parametrize("folder", ["N1/101NORTH", "N1/1000RECNX", "100RECNX/N1", "N1/RECNX"])
def test_camera_folder_keeps_names_of_places(folder: str) -> None:
    assert camera_folder(folder) == folder


def test_camera_folder_of_a_card_alone_is_empty() -> None:
    assert camera_folder("DCIM/100MEDIA") == ""
