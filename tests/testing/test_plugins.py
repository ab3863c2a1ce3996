"""`check_plugin` loads a plugin in a fresh interpreter and reports every fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctc.testing import check_plugin

pytestmark = pytest.mark.subprocess

HOOK = """
from ctc.plugin import Aggregation, hookimpl

@hookimpl
def ctc_aggregations():
    return [Aggregation("first", "the first photo's probabilities", lambda p: p[0])]
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Return a function that writes a plugin and returns the name of its module."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "tensorflow.py").write_text("print('a minute passes')")

    def write(source: str) -> str:
        (tmp_path / "a_plugin.py").write_text(source)
        return "a_plugin"

    return write


def test_check_plugin_passes_valid_one(module) -> None:
    check_plugin(module(HOOK))


def test_check_plugin_passes_built_in() -> None:
    check_plugin("ctc_plugins.aggregations.pooling")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            "import not_there",
            "is skipped: ModuleNotFoundError: No module named 'not_there'",
        ),
        (
            HOOK.replace("ctc_agg", "ctc_ag"),
            "there is no hook called 'ctc_agregations': did you mean 'ctc_aggregations'",
        ),
        (
            HOOK.replace("return [", "return ").replace(")]", ")"),
            "returned a Aggregation, not a list of Aggregation",
        ),
        ("print('hello')" + HOOK, "'a_plugin' prints something while it is loaded: hello"),
        (
            "import tensorflow" + HOOK,
            "'a_plugin' imports 'tensorflow' when it is loaded, which every command would wait for",
        ),
        (
            "try:\n    import keras\nexcept ImportError:\n    pass\n" + HOOK,
            "'a_plugin' imports 'keras' when it is loaded",
        ),
        (
            HOOK + "\n@hookimpl\ndef ctc_loader():\n    return []\n",
            "its hook 'ctc_loader' is ignored, .*: did you mean 'ctc_loaders'",
        ),
        (
            HOOK.replace('"first"', '"mean"'),
            "is skipped: its aggregation 'mean' was skipped: plugin 'pooling' of .* has the same",
        ),
        (
            HOOK.replace("p[0])", "p[0], options=(Option('threads', 'Mine.'),))")
            .replace("import Agg", "import Option, Agg")
            .replace("lambda p:", "lambda p, context:"),
            "its aggregation 'first' was skipped: '--threads' is an option of `ctc predict` itself",
        ),
        (HOOK.partition("return")[0] + "return []", "the hooks of 'a_plugin' returned no record"),
    ],
)
def test_check_plugin_reports_fault(module, source: str, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check_plugin(module(source))
