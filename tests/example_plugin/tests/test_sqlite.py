from ctc.testing import check_output_format
from ctc_savanna.sqlite import ctc_output_formats


def test_sqlite_passes_check_output():
    check_output_format(*ctc_output_formats(), failures=True)
