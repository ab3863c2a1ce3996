from ctc.testing import check_backbone
from ctc_savanna.depthwise import ctc_backbones


def test_depthwise_passes_check_backbone():
    check_backbone(*ctc_backbones(), size=(32, 48))
