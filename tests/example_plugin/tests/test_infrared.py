from ctc.testing import check_loader
from ctc_savanna.infrared import ctc_loaders


def test_infrared_passes_check_loader():
    check_loader(*ctc_loaders())
