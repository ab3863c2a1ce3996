"""The real network of other tests."""

from pathlib import Path

import numpy as np

from ctc.runtime.session import load_model


def test_features_of_the_real_network_differ_between_photos(lite0_features: Path) -> None:
    model = load_model(lite0_features, needs="features")
    images = np.stack([np.zeros((224, 224, 3), np.uint8), np.full((224, 224, 3), 255, np.uint8)])
    dark, bright = model.run(images, ["features"])["features"]
    assert dark.shape == (1280,)
    assert not np.allclose(dark, bright)
