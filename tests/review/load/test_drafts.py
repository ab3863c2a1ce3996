import numpy as np
import pytest

from ctc.errors import InputError
from ctc.review.load.drafts import ProbabilityTable, text_columns


def test_probability_table_puts_classes_in_one_order():
    table = ProbabilityTable()
    table.add(1, ("fox", "wolf"), [0.75, 0.25])
    table.add(0, ("wolf", "fox"), np.array([0.5, 0.5], np.float32))
    assert table.classes == ("fox", "wolf")
    assert table.to_matrix(2, "species").tolist() == [[0.5, 0.5], [0.75, 0.25]]
    assert table.is_complete


def test_probability_table_takes_a_class_that_a_row_leaves_out_as_0():
    table = ProbabilityTable()
    table.add(0, ("fox",), [0.75])
    table.add(1, ("wolf",), [0.5])
    assert table.to_matrix(2, "species").tolist() == [[0.75, 0], [0, 0.5]]
    assert not table.is_complete


@pytest.mark.parametrize(("rows", "what"), [((0,), "no prediction"), ((0, 1, 1), "more than one")])
def test_probability_table_needs_one_row_each(rows, what):
    table = ProbabilityTable()
    for row in rows:
        table.add(row, ("fox",), [1.0])
    with pytest.raises(InputError, match=f"1 of 2 rows have {what}"):
        table.to_matrix(2, "species")


def test_text_columns_leaves_out_what_is_empty():
    values = {"a": 1, "b": None, "c": "", "d": "x", "e": 0}
    assert text_columns(values, ["d"]) == {"a": "1", "e": "0"}
