from ctc.testing import check_backbone
from ctc_savanna.depthwise import ctc_backbones


def test_the_backbone_keeps_the_contract():
    check_backbone(*ctc_backbones(), size=(32, 48))
