import click
import pytest

from ctc.cli.options.network import Size, Triple


@pytest.mark.parametrize(
    ("text", "size"), [("224", (224, 224)), ("224x320", (224, 320)), (" 96 X 128 ", (96, 128))]
)
def test_size_is_height_and_width(text, size) -> None:
    assert Size().convert(text, None, None) == size


@pytest.mark.parametrize("text", ["0", "224x0", "8193", "x", "224x224x3", "-1", "1e3", "２２４²"])
def test_size_that_is_none_is_refused(text) -> None:
    with pytest.raises(click.BadParameter, match="is no size: give HEIGHTxWIDTH"):
        Size().convert(text, None, None)


def test_triple_is_a_number_per_channel() -> None:
    assert Triple().convert("0.485, 0.456,0.406", None, None) == (0.485, 0.456, 0.406)
    assert Triple().convert("127", None, None) == (127.0, 127.0, 127.0)


@pytest.mark.parametrize("text", ["", "1,2", "1,2,3,4", "a", "nan", "1,inf,2"])
def test_triple_that_is_none_is_refused(text) -> None:
    with pytest.raises(click.BadParameter, match="is not three numbers with commas between"):
        Triple().convert(text, None, None)
