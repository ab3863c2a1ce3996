"""What an import is told, by options and by files."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctc.model_import.config import ImportConfig
from ctc.model_import.description import OPTIONS, Description, describe_options


def test_options_are_the_facts_that_both_records_share() -> None:
    assert OPTIONS == {
        "size": "--size",
        "resize": "--resize",
        "scale": "--scale",
        "mean": "--mean",
        "std": "--std",
        "layout": "--layout",
        "channels": "--channels",
        "activation": "--activation",
        "input_name": "--input-name",
        "output_name": "--output-name",
        "features": "--features",
        "licence": "--licence",
        "source": "--source",
    }


def test_describe_options_gives_each_its_own_origin() -> None:
    config = ImportConfig(Path("a.onnx"), Path("b.onnx"), size=(2, 3), licence="MIT")
    assert describe_options(config) == [
        Description("--size", size=(2, 3)),
        Description("--licence", licence="MIT"),
    ]


def test_facts_are_given_by_name() -> None:
    with pytest.raises(TypeError):
        Description("here", None, None, None, (), (2, 3))
