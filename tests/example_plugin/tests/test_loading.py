import pytest

from ctc.testing import check_plugin


@pytest.mark.parametrize(
    "module", ["depthwise", "infrared", "sqlite", "trimmed_mean", "wildlife_insights"]
)
def test_it_loads_quickly_and_in_silence(module):
    check_plugin(f"ctc_savanna.{module}")
