import numpy as np
import pytest

from ctc.errors import InputError
from ctc.model_import.graph.pooling import choose_pooling, pool


@pytest.mark.parametrize(
    ("shape", "pooling"),
    [
        ((2, 1280), "none"),
        ((2, 1280, 7, 7), "maps-nchw"),
        ((2, 7, 7, 1280), "maps-nhwc"),
        ((2, 3, 16, 16), "maps-nchw"),
        ((2, 1280, 1, 1), "maps-nchw"),
        ((2, 5, 8, 512), "maps-nhwc"),
        ((2, 197, 768), "first-token"),
        ((2, 261, 768), "first-token"),
        ((2, 196, 768), "mean-token"),
        ((2, 49, 768), "mean-token"),
    ],
)
def test_pooling_goes_by_the_shape(shape, pooling) -> None:
    assert choose_pooling("x", shape) == pooling


def test_five_axes_can_not_be_pooled() -> None:
    with pytest.raises(InputError, match="have 5 axes; those that ctc can pool have 2 to 4"):
        choose_pooling("x", (1, 2, 3, 4, 5))


def test_pool_returns_one_row_per_photo() -> None:
    values = np.arange(24, dtype=np.float32)
    maps = values.reshape(2, 3, 2, 2)
    assert pool(maps, "maps-nchw").tolist() == [[1.5, 5.5, 9.5], [13.5, 17.5, 21.5]]
    assert (
        pool(maps.transpose(0, 2, 3, 1), "maps-nhwc").tolist() == pool(maps, "maps-nchw").tolist()
    )
    tokens = values.reshape(2, 4, 3)
    assert pool(tokens, "first-token").tolist() == [[0, 1, 2], [12, 13, 14]]
    assert pool(tokens, "mean-token").tolist() == [[4.5, 5.5, 6.5], [16.5, 17.5, 18.5]]
