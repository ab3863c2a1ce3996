from ctc.testing import check_aggregation
from ctc_savanna.trimmed_mean import ctc_aggregations


def test_the_aggregation_keeps_the_contract():
    check_aggregation(*ctc_aggregations())
