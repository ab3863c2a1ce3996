import pytest

from ctc.testing import check_plugin


@pytest.mark.parametrize("module", ["depthwise", "infrared", "sqlite", "trimmed_mean", "zamba"])
def test_module_loads_quickly_and_silently(module):
    check_plugin(f"ctc_savanna.{module}")
