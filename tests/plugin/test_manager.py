"""Discovery of third-party plugins: installed distributions, `ctc` in a fresh interpreter."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytestmark = pytest.mark.subprocess

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


def get_aggregation_script(name: str) -> str:
    return f"""
        from ctc.cli.exit_codes import run_command
        from ctc.plugin import Aggregation
        from ctc.plugin.manager import plugins
        raise SystemExit(run_command(lambda: print(plugins().get(Aggregation, "{name}").name)))
    """


def skip_reasons(done) -> dict[str, str]:
    """Return entry point → reason, from the output of `ctc plugins --json`."""
    assert done.returncode == 0, done.stderr
    return {row["name"]: row["reason"] for row in json.loads(done.stdout)["broken"]}


def test_plugins_command_lists_third_party_plugin_with_distribution(install, ctc):
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


def test_plugins_command_prints_a_line_per_plugin(install, ctc):
    install("park-tools", first=GOOD.format(name="first"), wrong=BROKEN)
    lines = ctc("plugins").stdout.splitlines()
    assert (
        "aggregation    first          the first photo's probabilities  (park-tools 1.2)" in lines
    )
    assert lines[-1] == (
        "broken         wrong          ModuleNotFoundError: No module named "
        "'a_package_that_is_not_there'  (park-tools 1.2)"
    )


HOOK = "from ctc.plugin import hookimpl\n@hookimpl\n"
BROKEN_PLUGINS = {
    "not_there": (BROKEN, "ModuleNotFoundError: No module named 'a_package_that_is_not_there'"),
    "syntax": ("def f(:", "SyntaxError: invalid syntax (wrong_syntax.py, line 1)"),
    "leaves": ("raise SystemExit('bye')", "SystemExit: bye"),
    "bare": ("class Stop(BaseException): pass\nraise Stop('now')", "Stop: now"),
    "two_lines": ("raise ValueError('two\\nlines')", "ValueError: two lines"),
    "no_hook": ("x = 1", "it has no function marked with @hookimpl"),
    "misspelt": (
        HOOK + "def ctc_agregations(): return []",
        "there is no hook called 'ctc_agregations': did you mean 'ctc_aggregations'?",
    ),
    "unmarked": ("def ctc_loaders(): return []", "'ctc_loaders' lacks the @hookimpl decorator"),
    "newer": (
        HOOK + "def ctc_reviewers(): return []",
        (
            "there is no hook called 'ctc_reviewers': there are 'ctc_aggregations', "
            "'ctc_backbones', 'ctc_detectors', 'ctc_engines', 'ctc_input_formats', 'ctc_loaders', "
            "'ctc_output_formats'"
        ),
    ),
    "argument": (
        HOOK + "def ctc_loaders(config): return []",
        (
            "PluginValidationError: Plugin 'wrong:argument' for hook 'ctc_loaders' hookimpl "
            "definition: "
            "ctc_loaders(config) Argument(s) {'config'} are declared in the hookimpl but can not "
            "be found in the hookspec"
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
        "ctc_aggregations returned a record named 'my mean': a name must be one word",
    ),
}


@pytest.fixture(scope="module")
def reasons(tmp_path_factory: pytest.TempPathFactory, install_into, python_with) -> dict[str, str]:
    """Reasons in `ctc plugins --json`, with all broken plugins installed together."""
    site = tmp_path_factory.mktemp("site")
    install_into(site, "wrong", {name: source for name, (source, _) in BROKEN_PLUGINS.items()})
    return skip_reasons(python_with(site, "from ctc.cli import main; main()", "plugins", "--json"))


@pytest.mark.parametrize("name", BROKEN_PLUGINS)
def test_discover_skips_broken_plugin_with_reason(reasons, name: str):
    assert reasons[name] == BROKEN_PLUGINS[name][1]


def test_discover_skips_entry_point_with_missing_attribute(install, site: Path, ctc):
    install("wrong", bad="x = 1")
    (site / "wrong-1.2.dist-info" / "entry_points.txt").write_text(
        "[ctc]\nbad = wrong_bad:nothing\n"
    )
    assert "has no attribute 'nothing'" in skip_reasons(ctc("plugins", "--json"))["bad"]


def test_iter_entry_points_skips_damaged_list(install, site: Path, ctc):
    install("wrong", bad="x = 1")
    (site / "wrong-1.2.dist-info" / "entry_points.txt").write_text("[ctc]\nno equals sign\n")
    assert list(skip_reasons(ctc("plugins", "--json"))) == ["entry_points.txt"]


def test_get_owner_without_metadata_is_unnamed(install, site: Path, ctc):
    install("wrong", bad=BROKEN)
    (site / "wrong-1.2.dist-info" / "METADATA").unlink()
    (row,) = json.loads(ctc("plugins", "--json").stdout)["broken"]
    assert row["distribution"] == "an unnamed distribution"


def test_discover_uses_no_hook_of_broken_plugin(install, ctc):
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


def test_help_works_with_broken_plugin(install, ctc):
    install("wrong", bad="raise RuntimeError('no')")
    done = ctc("--help")
    assert (done.returncode, done.stderr) == (0, "")


def test_plugins_warns_once_per_skipped_plugin(install, run_python):
    install("wrong", bad=BROKEN)
    install("worse", bad="raise RuntimeError('no')")
    assert run_python(NEEDS_PLUGINS).stderr.splitlines() == [
        "warning: plugin 'bad' of worse 1.2 was skipped: RuntimeError: no",
        (
            "warning: plugin 'bad' of wrong 1.2 was skipped: ModuleNotFoundError: No module named "
            "'a_package_that_is_not_there'"
        ),
    ]


def test_discover_redirects_prints_to_stderr(install, ctc):
    install(
        "loud",
        first="print('hello from the plugin')\n"
        + GOOD.format(name="first").replace("\n    ", "\n"),
    )
    done = ctc("plugins", "--json")
    assert "first" in [row["name"] for row in json.loads(done.stdout)["plugins"]]
    assert done.stderr == "hello from the plugin\n"


def test_warn_heavy_imports_names_plugin_that_imports_tensorflow(install, site: Path, ctc):
    (site / "tensorflow.py").write_text("")
    install("slow", first="import tensorflow\n" + GOOD.format(name="first").replace("\n    ", "\n"))
    done = ctc("plugins", "--json")
    assert "first" in [row["name"] for row in json.loads(done.stdout)["plugins"]]
    assert done.stderr == (
        "warning: plugin 'first' of slow 1.2 imports 'tensorflow' when it is loaded, "
        "which slows down every command: "
        "its author should import inside functions\n"
    )


LATER_HOOK = """
    @hookimpl
    def {name}():
        raise RuntimeError
"""


def test_discover_ignores_hook_of_a_newer_ctc_alone(install, ctc):
    install("park-tools", first=GOOD.format(name="first") + LATER_HOOK.format(name="ctc_reviewers"))
    done = ctc("plugins", "--json")
    answer = json.loads(done.stdout)
    assert "first" in [row["name"] for row in answer["plugins"]]
    assert (answer["broken"], done.stderr) == ([], "")


def test_discover_warns_of_misspelt_hook_beside_others(install, ctc):
    install("park-tools", first=GOOD.format(name="first") + LATER_HOOK.format(name="ctc_loader"))
    done = ctc("plugins", "--json")
    assert "first" in [row["name"] for row in json.loads(done.stdout)["plugins"]]
    assert done.stderr == (
        "warning: plugin 'first' of park-tools 1.2: its hook 'ctc_loader' is ignored, "
        "which this ctc doesn't have: did you mean 'ctc_loaders'?\n"
    )


def test_get_unknown_name_suggests_closest(run_python):
    done = run_python(get_aggregation_script("maen"))
    assert (done.returncode, done.stderr) == (
        2,
        "error: no aggregation called 'maen': did you mean 'mean'?\n",
    )


def test_get_unknown_name_lists_all_if_none_is_close(run_python):
    done = run_python(get_aggregation_script("quantile"))
    assert done.stderr == (
        "error: no aggregation called 'quantile': "
        "there are 'attention', 'max', 'mean', 'min', 'product', 'top_k_mean', 'vote'\n"
    )


def test_get_skipped_plugin_gives_reason(install, run_python):
    install("wrong", median=BROKEN)
    done = run_python(get_aggregation_script("median"))
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "error: plugin 'median' of wrong 1.2 was skipped: ModuleNotFoundError: No module named "
        "'a_package_that_is_not_there'"
    )


@pytest.mark.parametrize(
    ("environ", "reason"),
    [
        ({"CTC_PLUGINS": ""}, "CTC_PLUGINS doesn't list it"),
        ({"CTC_DISABLE_PLUGINS": "other, first"}, "CTC_DISABLE_PLUGINS disables it"),
    ],
)
def test_get_disabled_plugin_names_variable(install, run_python, environ, reason: str):
    install("park-tools", first=GOOD.format(name="first"))
    done = run_python(get_aggregation_script("first"), **environ)
    assert (done.returncode, done.stderr) == (
        1,
        f"error: plugin 'first' of park-tools 1.2 was skipped: {reason}\n",
    )


def test_ctc_plugins_empty_loads_built_ins_only(install, run_python):
    install("park-tools", first=GOOD.format(name="first"))
    assert (
        run_python(NEEDS_PLUGINS, CTC_PLUGINS="").stdout
        == "['attention', 'max', 'mean', 'min', 'product', 'top_k_mean', 'vote']\n"
    )


def test_ctc_plugins_list_adds_to_built_ins(install, run_python):
    install("park-tools", first=GOOD.format(name="first"), last=GOOD.format(name="last"))
    assert (
        run_python(NEEDS_PLUGINS, CTC_PLUGINS="last").stdout
        == "['attention', 'last', 'max', 'mean', 'min', 'product', 'top_k_mean', 'vote']\n"
    )


def test_ctc_disable_plugins_disables_built_in(run_python):
    assert (
        run_python(NEEDS_PLUGINS, CTC_DISABLE_PLUGINS="pooling").stdout == "['product', 'vote']\n"
    )


def test_ctc_disable_plugins_prevents_import(install, run_python):
    install("wrong", bad=BROKEN)
    assert run_python(NEEDS_PLUGINS, CTC_DISABLE_PLUGINS="bad").stderr == ""


def test_ctc_strict_plugins_makes_broken_plugin_an_error(install, ctc):
    install("wrong", bad="raise RuntimeError('no')")
    done = ctc("plugins", CTC_STRICT_PLUGINS="1")
    assert (done.returncode, done.stderr) == (
        1,
        "error: plugin 'bad' of wrong 1.2 is broken: RuntimeError: no\n",
    )
