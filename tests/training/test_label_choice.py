from __future__ import annotations

from dataclasses import replace

import pytest

from ctc.errors import UsageError
from ctc.training.config import TrainingConfig
from ctc.training.plan import resolve_plan

pytestmark = pytest.mark.tensorflow


def _config(dataset, **options) -> TrainingConfig:
    config = TrainingConfig(
        str(dataset.folder), "run", "small_cnn", ("species", "count"), loader="arrays", batch_size=8
    )
    return replace(config, **options)


def test_choose_labels_rejects_label_with_one_class(tiny_dataset, plugins_with_arrays):
    with pytest.raises(
        UsageError, match="'species' has only the class 'boar' in the split 'train'"
    ):
        resolve_plan(_config(tiny_dataset({"train": 1, "val": 6})), plugins_with_arrays)
