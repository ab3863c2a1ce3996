from ctc.testing import check_aggregation
from ctc_savanna.trimmed_mean import ctc_aggregations


def test_trimmed_mean_passes_check_aggregation():
    check_aggregation(*ctc_aggregations())
