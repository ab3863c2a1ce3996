"""What `ctc predict` says at its end."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctc.cli.commands.predict.messages import print_summary
from ctc.inference.config import Summary


@pytest.mark.parametrize(
    ("events", "photos", "resumed", "told"),
    [
        (150, 150, 0, "150 events predicted from 150 photos in 2.0 s (75/s)"),
        (1, 1, 0, "1 event predicted from 1 photo in 2.0 s (0/s)"),
        (
            150,
            1500,
            1300,
            (
                "150 events predicted from 1,500 photos: 200 in 2.0 s (100/s), 1,300 in an earlier "
                "run"
            ),
        ),
    ],
)
def test_print_summary_counts_all_photos(
    events: int, photos: int, resumed: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    print_summary(Summary(events, photos, resumed, 0, Path("failures.csv"), (), 2.0))
    assert capsys.readouterr().err == f"{told}\n"
