import pytest

from ctc.testing import check_loader
from ctc_savanna.infrared import ctc_loaders


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_infrared_passes_check_loader(share):
    check_loader(*ctc_loaders(), options={"grey_share": share})
