from ctc.testing import check_loader
from ctc_savanna.infrared import ctc_loaders


def test_the_loader_keeps_the_contract():
    check_loader(*ctc_loaders())
