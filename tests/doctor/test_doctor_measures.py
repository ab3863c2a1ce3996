from __future__ import annotations

from itertools import repeat
from pathlib import Path

import pytest

from ctc.doctor.folder import check_folder
from ctc.doctor.frameworks import start_tensorflow
from ctc.doctor.gpu import check_gpu
from ctc.doctor.image_codecs import camera_photos, check_image_formats
from ctc.doctor.machine import memory, processor, system, versions
from ctc.doctor.speed import for_a_million, measure_rate
from ctc.images import decode


@pytest.mark.parametrize(
    ("per_second", "words"),
    [
        (1_000, "about 17 minutes"),
        (100, "about 3 hours"),
        (38, "about 7 hours"),
        (2.8, "about 4 days"),
    ],
)
def test_a_speed_is_told_as_the_time_for_a_million(per_second: float, words: str) -> None:
    assert for_a_million(per_second) == words


def test_at_least_one_delivery_is_measured() -> None:
    assert measure_rate(repeat(3), 0) > 0


def test_a_folder_is_left_as_it_was(tmp_path: Path) -> None:
    found = check_folder(tmp_path)
    assert (found.status, list(tmp_path.iterdir())) == ("ok", [])
    assert found.values["bytes_per_second"] > 0


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        check_folder(tmp_path / "nowhere")


def test_every_format_is_decoded() -> None:
    assert check_image_formats() == dict.fromkeys(("jpeg", "png", "bmp", "webp", "tiff", "gif"))


def test_photos_are_drawn_as_large_as_those_of_cameras() -> None:
    (photo,) = camera_photos(1, 864, 1152)
    assert decode(photo).shape == (864, 1152, 3)
    assert 150_000 < len(photo) < 350_000


def test_the_machine_is_described() -> None:
    assert [one().check for one in (versions, system)] == ["ctc", "system"]
    assert processor().values["usable_cores"] <= processor().values["cores"]
    assert 10**8 < memory().values["usable_bytes"] <= memory().values["bytes"]


@pytest.mark.skipif(check_gpu(0).values["listed"], reason="there is an NVIDIA GPU here")
def test_without_a_gpu_the_reason_is_told() -> None:
    found = check_gpu(0)
    assert (found.status, found.text.startswith("no NVIDIA GPU: ")) == ("absent", True)


def test_tensorflow_starts() -> None:
    found = start_tensorflow()
    assert (found["version"].split(".")[0], found["backend"]) == ("2", "tensorflow")
