"""Folders of storage devices."""

from __future__ import annotations

from ctc.images.listing.folder_names import is_junk_folder


def test_is_junk_folder_compares_whole_names_without_case() -> None:
    assert is_junk_folder("@EADIR")
    assert not is_junk_folder("recycled photos")
    assert not is_junk_folder("FOUND")
