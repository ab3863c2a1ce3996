"""Size budget of the thumbnails."""

from __future__ import annotations

import pytest

from ctc.evaluation.config import ReportConfig


@pytest.mark.parametrize(("megabytes", "pictures"), [(15.0, 88), (0.3, 30), (0.0, 0)])
def test_make_thumbnails_keeps_to_the_budget(
    megabytes, pictures, data, write_report, read_page
) -> None:
    page = read_page(write_report(data, config=ReportConfig(megabytes)))
    found = page.all("img", "src")
    assert sum(map(len, found)) <= megabytes * 1_000_000
    assert len(found) <= pictures
    assert (len(found) > 0) == (megabytes > 0)
