import pytest

from ctc.artifacts.review.answer import Answer
from ctc.errors import InputError

SEVERAL = Answer({"species": ("fox",), "sex": None, "behaviour": ()})


def test_to_json_sorts_labels_and_writes_not_sure_as_null():
    assert SEVERAL.to_json() == '{"behaviour": [], "sex": null, "species": ["fox"]}'


def test_from_json_reads_what_to_json_wrote():
    assert Answer.from_json(SEVERAL.to_json()) == SEVERAL


def test_from_value_takes_a_text_as_one_class():
    assert Answer.from_value({"species": "fox"}) == Answer({"species": ("fox",)})


def test_from_value_drops_a_class_that_is_named_twice():
    assert Answer.from_value({"b": ["x", "y", "x"]}) == Answer({"b": ("x", "y")})


@pytest.mark.parametrize("value", [None, [], "fox", {}, {"species": 1}, {"species": [1]}])
def test_from_value_refuses(value):
    with pytest.raises(InputError, match="answer"):
        Answer.from_value(value)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, '{"a": NaN}'])
def test_from_json_refuses(text):
    with pytest.raises(InputError, match="answer"):
        Answer.from_json(text)


def test_is_sure_is_false_with_a_label_that_is_not():
    assert not SEVERAL.is_sure
    assert Answer({"species": ("fox",)}).is_sure
