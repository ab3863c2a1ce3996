from __future__ import annotations

import sys

import pytest

from ctc.errors import MissingExtraError
from ctc.images.files import read_photo
from ctc.storage.remote_files import read_bytes


@pytest.mark.parametrize("read", [read_bytes, read_photo])
def test_reading_from_a_storage_names_the_extra_that_it_needs(
    read: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert callable(read)
    monkeypatch.setitem(sys.modules, "gcsfs", None)  # as if it were not installed
    with pytest.raises(MissingExtraError) as caught:
        read("gs://park/a.jpg")
    assert str(caught.value) == (
        "'gs://park/a.jpg' needs packages that are not installed: "
        "pip install 'camera-trap-classifier[gs]'"
    )
