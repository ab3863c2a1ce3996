"""Guests as users meet them: installed distributions, seen through `ctc` in a fresh interpreter."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

GOOD = """
    from ctc.plugin import Aggregation, hookimpl

    @hookimpl
    def ctc_aggregations():
        return [Aggregation("{name}", "the first photo's probabilities", lambda p: p[0])]
"""
BROKEN = "import a_package_that_is_not_there"
NEEDS_PLUGINS = """
    import sys
    from ctc.cli.console.console import forward_logging
    from ctc.plugin import Aggregation
    from ctc.plugin.manager import plugins
    forward_logging()
    plugins().all(Aggregation)
    print(sorted(plugins().all(Aggregation)))
"""


def asks_for(name: str) -> str:
    return f"""
        from ctc.cli.exit_codes import run_command
        from ctc.plugin import Aggregation
        from ctc.plugin.manager import plugins
        raise SystemExit(run_command(lambda: print(plugins().get(Aggregation, "{name}").name)))
    """


def skipped(done) -> dict[str, str]:
    """Entry point to reason, as `ctc plugins --json` says it."""
    assert done.returncode == 0, done.stderr
    return {row["name"]: row["reason"] for row in json.loads(done.stdout)["broken"]}


def test_a_guest_is_listed_with_its_distribution(install, ctc):
    install("park-tools", first=GOOD.format(name="first"))
    rows = json.loads(ctc("plugins", "--json").stdout)["plugins"]
    assert [row for row in rows if row["name"] == "first"] == [
        {
            "kind": "aggregation",
            "name": "first",
            "summary": "the first photo's probabilities",
            "distribution": "park-tools",
            "version": "1.2",
        }
    ]


def test_the_table_has_a_line_for_each_plugin(install, ctc):
    install("park-tools", first=GOOD.format(name="first"), wrong=BROKEN)
    lines = ctc("plugins").stdout.splitlines()
    assert (
        "aggregation    first          the first photo's probabilities  (park-tools 1.2)" in lines
    )
    assert lines[-1] == (
        "broken         wrong          ModuleNotFoundError: No module named 'a_package_that_is_not_there'  (park-tools 1.2)"
    )


HOOK = "from ctc.plugin import hookimpl\n@hookimpl\n"
BROKEN_GUESTS = {
    "not_there": (BROKEN, "ModuleNotFoundError: No module named 'a_package_that_is_not_there'"),
    "syntax": ("def f(:", "SyntaxError: invalid syntax (wrong_syntax.py, line 1)"),
    "leaves": ("raise SystemExit('bye')", "SystemExit: bye"),
    "two_lines": ("raise ValueError('two\\nlines')", "ValueError: two lines"),
    "no_hook": ("x = 1", "it has no function marked with @hookimpl"),
    "misspelt": (
        HOOK + "def ctc_agregations(): return []",
        "there is no hook called 'ctc_agregations': did you mean 'ctc_aggregations'?",
    ),
    "unmarked": ("def ctc_loaders(): return []", "'ctc_loaders' lacks the @hookimpl decorator"),
    "argument": (
        HOOK + "def ctc_loaders(config): return []",
        (
            "PluginValidationError: Plugin 'wrong:argument' for hook 'ctc_loaders' hookimpl definition: "
            "ctc_loaders(config) Argument(s) {'config'} are declared in the hookimpl but can not be found in the hookspec"
        ),
    ),
    "nothing": (
        HOOK + "def ctc_loaders(): return None",
        "ctc_loaders returned a NoneType, not a list of Loader",
    ),
    "text": (
        HOOK + "def ctc_loaders(): return ['turbo']",
        "ctc_loaders returned a str, not Loader records",
    ),
    "raises": (HOOK + "def ctc_loaders(): return 1 / 0", "ZeroDivisionError: division by zero"),
    "bad_name": (
        GOOD.format(name="my mean"),
        "ctc_aggregations returned a record named 'my mean': a name is one word",
    ),
}


@pytest.fixture(scope="module")
def reasons(tmp_path_factory: pytest.TempPathFactory, install_into, python_with) -> dict[str, str]:
    """What `ctc plugins --json` says of all the broken guests, installed side by side."""
    site = tmp_path_factory.mktemp("site")
    install_into(site, "wrong", {name: source for name, (source, _) in BROKEN_GUESTS.items()})
    return skipped(python_with(site, "from ctc.cli import main; main()", "plugins", "--json"))


@pytest.mark.parametrize("name", BROKEN_GUESTS)
def test_a_broken_guest_is_skipped_with_its_reason(reasons, name: str):
    assert reasons[name] == BROKEN_GUESTS[name][1]


def test_a_missing_attribute_is_the_reason(install, site: Path, ctc):
    install("wrong", bad="x = 1")
    (site / "wrong-1.2.dist-info" / "entry_points.txt").write_text(
        "[ctc]\nbad = wrong_bad:nothing\n"
    )
    assert "has no attribute 'nothing'" in skipped(ctc("plugins", "--json"))["bad"]


def test_a_damaged_list_of_entry_points_is_skipped(install, site: Path, ctc):
    install("wrong", bad="x = 1")
    (site / "wrong-1.2.dist-info" / "entry_points.txt").write_text("[ctc]\nno equals sign\n")
    assert list(skipped(ctc("plugins", "--json"))) == ["entry_points.txt"]


def test_a_distribution_without_metadata_is_listed(install, site: Path, ctc):
    install("wrong", bad=BROKEN)
    (site / "wrong-1.2.dist-info" / "METADATA").unlink()
    (row,) = json.loads(ctc("plugins", "--json").stdout)["broken"]
    assert row["distribution"] == "an unnamed distribution"


def test_the_good_hooks_of_a_broken_guest_are_not_used(install, ctc):
    install(
        "half",
        both=GOOD.format(name="first")
        + "\n    @hookimpl\n    def ctc_loaders():\n        return [1]\n",
    )
    answer = json.loads(ctc("plugins", "--json").stdout)
    assert (len(answer["broken"]), [r for r in answer["plugins"] if r["name"] == "first"]) == (
        1,
        [],
    )


def test_help_works_beside_a_broken_guest(install, ctc):
    install("wrong", bad="raise RuntimeError('no')")
    done = ctc("--help")
    assert (done.returncode, done.stderr) == (0, "")


def test_two_skipped_guests_cost_one_line_each(install, run_python):
    install("wrong", bad=BROKEN)
    install("worse", bad="raise RuntimeError('no')")
    assert run_python(NEEDS_PLUGINS).stderr.splitlines() == [
        "warning: plugin 'bad' of worse 1.2 was skipped: RuntimeError: no",
        "warning: plugin 'bad' of wrong 1.2 was skipped: ModuleNotFoundError: No module named 'a_package_that_is_not_there'",
    ]


def test_a_guest_that_prints_while_loading_does_not_spoil_the_data(install, ctc):
    install(
        "loud",
        first="print('hello from the guest')\n" + GOOD.format(name="first").replace("\n    ", "\n"),
    )
    done = ctc("plugins", "--json")
    assert "first" in [row["name"] for row in json.loads(done.stdout)["plugins"]]
    assert done.stderr == "hello from the guest\n"


def test_a_guest_that_imports_tensorflow_while_loading_is_told_by_name(install, site: Path, ctc):
    (site / "tensorflow.py").write_text("")
    install("slow", first="import tensorflow\n" + GOOD.format(name="first").replace("\n    ", "\n"))
    done = ctc("plugins", "--json")
    assert "first" in [row["name"] for row in json.loads(done.stdout)["plugins"]]
    assert done.stderr == (
        "warning: plugin 'first' of slow 1.2 imports 'tensorflow' when it is loaded, so that every command waits: "
        "its author should import inside functions\n"
    )


def test_two_guests_with_one_name_are_an_error_naming_both(install, ctc):
    install("aaa", one=GOOD.format(name="first"))
    install("bbb", other=GOOD.format(name="first"))
    done = ctc("plugins")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "error: two plugins bring the aggregation 'first': 'one' of aaa 1.2 and 'other' of bbb 1.2; "
        "uninstall one, or switch one off with CTC_DISABLE_PLUGINS=other\n"
    )


def test_the_remedy_for_a_clash_works(install, ctc):
    install("aaa", one=GOOD.format(name="first"))
    install("bbb", other=GOOD.format(name="first"))
    assert ctc("plugins", CTC_DISABLE_PLUGINS="other").returncode == 0


def test_a_guest_that_takes_a_built_ins_name_and_entry_point_is_switched_off_by_its_distribution(
    install, ctc
):
    install("park-tools", pooling=GOOD.format(name="mean"))
    assert "CTC_DISABLE_PLUGINS=park-tools" in ctc("plugins").stderr
    assert "mean" in ctc("plugins", CTC_DISABLE_PLUGINS="park-tools").stdout


def test_a_near_name_is_suggested(run_python):
    done = run_python(asks_for("maen"))
    assert (done.returncode, done.stderr) == (
        2,
        "error: no aggregation called 'maen': did you mean 'mean'?\n",
    )


def test_a_name_that_is_near_nothing_gets_the_list(run_python):
    done = run_python(asks_for("quantile"))
    assert (
        done.stderr
        == "error: no aggregation called 'quantile': there are 'max', 'mean', 'min', 'product', 'top_k_mean', 'vote'\n"
    )


def test_asking_for_a_skipped_plugin_says_why_it_was_skipped(install, run_python):
    install("wrong", median=BROKEN)
    done = run_python(asks_for("median"))
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "error: plugin 'median' of wrong 1.2 was skipped: ModuleNotFoundError: No module named 'a_package_that_is_not_there'"
    )


@pytest.mark.parametrize(
    ("environ", "reason"),
    [
        ({"CTC_PLUGINS": ""}, "CTC_PLUGINS doesn't name it"),
        ({"CTC_DISABLE_PLUGINS": "other, first"}, "CTC_DISABLE_PLUGINS switches it off"),
    ],
)
def test_asking_for_a_plugin_that_is_switched_off_says_by_what(
    install, run_python, environ, reason: str
):
    install("park-tools", first=GOOD.format(name="first"))
    done = run_python(asks_for("first"), **environ)
    assert (done.returncode, done.stderr) == (
        1,
        f"error: plugin 'first' of park-tools 1.2 was skipped: {reason}\n",
    )


def test_an_empty_list_of_plugins_leaves_the_built_ins(install, run_python):
    install("park-tools", first=GOOD.format(name="first"))
    assert (
        run_python(NEEDS_PLUGINS, CTC_PLUGINS="").stdout
        == "['max', 'mean', 'min', 'product', 'top_k_mean', 'vote']\n"
    )


def test_a_list_of_plugins_adds_just_those_to_the_built_ins(install, run_python):
    install("park-tools", first=GOOD.format(name="first"), last=GOOD.format(name="last"))
    assert (
        run_python(NEEDS_PLUGINS, CTC_PLUGINS="last").stdout
        == "['last', 'max', 'mean', 'min', 'product', 'top_k_mean', 'vote']\n"
    )


def test_a_built_in_can_be_disabled(run_python):
    assert (
        run_python(NEEDS_PLUGINS, CTC_DISABLE_PLUGINS="pooling").stdout == "['product', 'vote']\n"
    )


def test_a_disabled_guest_is_not_imported(install, run_python):
    install("wrong", bad=BROKEN)
    assert run_python(NEEDS_PLUGINS, CTC_DISABLE_PLUGINS="bad").stderr == ""


def test_a_broken_plugin_is_an_error_when_strict(install, ctc):
    install("wrong", bad="raise RuntimeError('no')")
    done = ctc("plugins", CTC_STRICT_PLUGINS="1")
    assert (done.returncode, done.stderr) == (
        1,
        "error: plugin 'bad' of wrong 1.2 is broken: RuntimeError: no\n",
    )
