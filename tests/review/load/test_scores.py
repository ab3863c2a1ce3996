import numpy as np

from ctc.evaluation.answers.predictions import EvaluationData, UnitPredictions
from ctc.review.load.scores import blank_probabilities, score_label


def make(values, classes=("fox", "wolf", "empty"), truth=None, multi_label=False):
    values = np.array(values, np.float32)
    n = len(values)
    numbers = np.arange(n, dtype=np.int32)
    return EvaluationData(
        classes={"species": classes},
        event_ids=tuple(map(str, range(n))),
        truth={} if truth is None else {"species": np.array(truth, np.int32)},
        photos_in_event=np.ones(n, np.int32),
        location=np.full(n, -1, np.int32),
        locations=(),
        light=np.full(n, -1, np.int8),
        timestamps=("",) * n,
        events=UnitPredictions(numbers, ("",) * n, {"species": values}),
        photos=None,
        multi_label={"species": np.full(values.shape, -1, np.int8)} if multi_label else {},
    )


def test_doubt_is_one_less_the_margin():
    scores = score_label(make([[1, 0, 0], [0.5, 0.5, 0], [0.25, 0.75, 0]]), "species")
    assert scores.doubt.tolist() == [0, 1, 0.5]


def test_doubt_of_a_label_with_one_class():
    assert score_label(make([[0.75]], ("fox",)), "species").doubt.tolist() == [0.25]


def test_doubt_of_a_multi_label_is_that_of_its_least_sure_class():
    scores = score_label(make([[1, 0, 0.5], [1, 0, 0]], multi_label=True), "species")
    assert scores.doubt.tolist() == [1, 0]
    assert np.isnan(scores.worth).all()


def test_label_errors_come_confident_first_then_by_the_labels_probability():
    values = [[0.9, 0.1, 0], [0.6, 0.4, 0], [0.9, 0.1, 0], [0, 1, 0]]
    errors = score_label(make(values, truth=[0, 1, 1, 1]), "species").label_error
    assert np.isnan(errors[[0, 3]]).all()
    assert errors[2] > 1 > errors[1] > 0


def test_worth_is_of_events_without_truth():
    worth = score_label(make([[0.5, 0.5, 0], [0.9, 0.1, 0]], truth=[-1, 0]), "species").worth
    assert worth[0] > 0
    assert np.isnan(worth[1])


def test_blank_probabilities_are_those_of_the_empty_class():
    assert blank_probabilities(make([[0.5, 0.25, 0.25]])).tolist() == [0.25]
    assert blank_probabilities(make([[0.5, 0.5]], ("fox", "wolf"))) is None
