"""Folders of memory cards and of storage devices."""

from __future__ import annotations

import pytest

from ctc.images.listing.folder_names import camera_folder, is_junk_folder


@pytest.mark.parametrize(
    "folder",
    ["N1", "N1/100RECNX", "N1/101RECNX/", "N1/DCIM", "N1/DCIM/100ABCDE", "N1/dcim/102EK113"],
)
def test_camera_folder_is_the_same_for_all_folders_of_a_card(folder: str) -> None:
    assert camera_folder(folder) == "N1"


@pytest.mark.parametrize("folder", ["N1/101NORTH", "N1/1000RECNX", "100RECNX/N1", "N1/RECNX"])
def test_camera_folder_keeps_names_of_places(folder: str) -> None:
    assert camera_folder(folder) == folder


def test_camera_folder_of_a_card_alone_is_empty() -> None:
    assert camera_folder("DCIM/100MEDIA") == ""


def test_is_junk_folder_compares_whole_names_without_case() -> None:
    assert is_junk_folder("@EADIR")
    assert not is_junk_folder("recycled photos")
    assert not is_junk_folder("FOUND")
