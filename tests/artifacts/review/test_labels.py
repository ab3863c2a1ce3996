import pytest

from ctc.artifacts.review.answer import Answer
from ctc.artifacts.review.records import ReviewLabel
from ctc.errors import InputError


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ({"specis": ("fox",)}, "there is no label 'specis': did you mean 'species'?"),
        ({"species": ("fux",)}, "label 'species' has no class 'fux': did you mean 'fox'?"),
        ({"species": ("fox", "wolf")}, "label 'species' takes one class, not 2"),
        ({"species": ()}, "label 'species' takes one class, not 0"),
        (
            {"count": (" ",)},
            (
                "' ' is no name of a class of 'count': "
                "give 1 to 200 characters, without blanks around them"
            ),
        ),
        (
            {"count": ("3\u202e4",)},
            "'3\u202e4' is no name of a class of 'count': it has the invisible character U+202E",
        ),
        (
            {"count": ("3\t4",)},
            "'3\t4' is no name of a class of 'count': it has the invisible character U+0009",
        ),
    ],
)
def test_answer_refuses_what_labels_do_not_have(store, keys, ann, labels, message):
    with pytest.raises(InputError) as error:
        store.answer(ann, keys[:1], Answer(labels))
    assert str(error.value) == message
    assert store.records() == []


def test_answer_adds_a_class_to_an_open_label(store, keys, ann):
    store.answer(ann, keys[:1], Answer({"count": ("3",)}))
    assert store.labels()[1] == ReviewLabel("count", ("3",), is_open=True)


def test_answer_takes_several_and_no_classes_of_a_multi_label(store, keys, ann):
    store.answer(ann, keys[:1], Answer({"behaviour": ("eating", "resting")}))
    store.answer(ann, keys[1:2], Answer({"behaviour": ()}))
    assert store.count_states() == {"answered": 2, "open": 3}


def test_add_class_adds_to_a_label(store):
    store.add_class("species", "bear")
    assert store.labels()[0].classes == ("fox", "wolf", "empty", "bear")


def test_add_class_of_a_known_name_changes_nothing(store):
    store.add_class("species", "fox")
    assert store.labels()[0].classes == ("fox", "wolf", "empty")
