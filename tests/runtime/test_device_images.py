"""Images that stay where they are, here in the memory of the CPU."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ctc.errors import InputError
from ctc.runtime.device_images import DeviceImages
from ctc.runtime.session import load_model


def in_place(images: np.ndarray) -> DeviceImages:
    return DeviceImages("cpu", 0, images.ctypes.data, images.shape, images)


def random_images(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 8, 12, 3), np.uint8)


def test_model_predict_on_device_images_is_that_on_the_host(model: Path) -> None:
    opened, images = load_model(model), random_images(5)
    expected, found = opened.predict(images), opened.predict(in_place(images))
    assert list(found) == list(expected)
    for label, values in expected.items():
        np.testing.assert_array_equal(found[label], values)


def test_device_images_are_read_when_the_network_runs(model: Path) -> None:
    opened, images = load_model(model), random_images(2)
    placed = in_place(images)
    images[:] = (255, 0, 0)
    assert opened.predict(placed)["species"][:, 0] == pytest.approx([0.7310586] * 2)


def test_device_images_can_be_cut(model: Path) -> None:
    images = random_images(5)
    part = in_place(images)[2:9]
    assert len(part) == 3
    found = load_model(model).predict(part)
    np.testing.assert_array_equal(found["count"], load_model(model).predict(images[2:])["count"])


def test_model_predict_halves_device_images_that_do_not_fit(build_model) -> None:
    opened, images = load_model(build_model(fits=2)), random_images(5)
    found = opened.predict(in_place(images))
    one_by_one = [opened.predict(images[at : at + 1])["species"] for at in range(5)]
    np.testing.assert_allclose(found["species"], np.concatenate(one_by_one), atol=1e-6)


def test_device_images_of_another_size_are_refused(model: Path) -> None:
    images = np.zeros((2, 9, 12, 3), np.uint8)
    with pytest.raises(InputError, match=r"failed on a batch of 2: .*invalid dimensions"):
        load_model(model).predict(in_place(images))
