"""The losses of a distillation against their formula in NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from ctc.training.model.losses import Criterion
from ctc.training.model.multi_label_loss import MultiLabelCriterion

pytestmark = pytest.mark.tensorflow

TEACHER = np.array([[2.0, 0.0, -1.0], [0.5, 0.5, 0.5]], np.float32)
OWN = np.array([[0.3, 0.1, 0.2], [-1.0, 2.0, 0.0]], np.float32)
TEMPERATURE = 3.0


def _softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits)
    return powers / powers.sum(axis=1, keepdims=True)


def test_distillation_is_divergence_of_softened_distributions():
    found = Criterion().distillation_per_photo(TEACHER, OWN, TEMPERATURE)
    wanted, own = _softmax(TEACHER / TEMPERATURE), _softmax(OWN / TEMPERATURE)
    expected = TEMPERATURE**2 * (wanted * np.log(wanted / own)).sum(axis=1)
    np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-5)


def test_distillation_ignores_a_shift_of_the_logits_and_is_zero_for_the_teacher():
    """Logarithms of probabilities that don't sum to 1 will do."""
    criterion = Criterion()
    shifted = criterion.distillation_per_photo(TEACHER - 5.0, OWN, TEMPERATURE)
    plain = criterion.distillation_per_photo(TEACHER, OWN, TEMPERATURE)
    np.testing.assert_allclose(np.asarray(shifted), np.asarray(plain), rtol=1e-4)
    same = criterion.distillation_per_photo(TEACHER, TEACHER + 1.0, TEMPERATURE)
    np.testing.assert_allclose(np.asarray(same), 0.0, atol=1e-5)


def test_distillation_compares_logits_with_their_offsets():
    offsets = (-0.1, -1.0, -3.0)
    found = Criterion(logit_offsets=offsets).distillation_per_photo(TEACHER, OWN, TEMPERATURE)
    shifted = OWN + np.array(offsets, np.float32)
    expected = Criterion().distillation_per_photo(TEACHER, shifted, TEMPERATURE)
    np.testing.assert_allclose(np.asarray(found), np.asarray(expected), rtol=1e-5)


def test_distillation_of_multi_label_is_sum_of_binary_divergences():
    found = MultiLabelCriterion().distillation_per_photo(TEACHER, OWN, TEMPERATURE)
    wanted, own = (1 / (1 + np.exp(-logits / TEMPERATURE)) for logits in (TEACHER, OWN))
    binary = wanted * np.log(wanted / own) + (1 - wanted) * np.log((1 - wanted) / (1 - own))
    expected = TEMPERATURE**2 * binary.sum(axis=1)
    np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-5)
