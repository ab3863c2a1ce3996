"""Unknown environment variables that begin with `CTC_`: one warning each."""

from __future__ import annotations

import pytest

from ctc.cli.main import run
from ctc.cli.settings import environment

PREDICT = ["predict", "model.onnx", "photos", "--output", "p.csv", "--show-config"]
CSV = [
    "inventory",
    "csv",
    "f.csv",
    "--event-id",
    "e",
    "--image",
    "i",
    "--label",
    "l",
    "--output",
    "o",
    "--show-config",
]


@pytest.fixture(autouse=True)
def nothing_warned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "_warned", set())


@pytest.mark.parametrize(
    ("arguments", "variable", "warning"),
    [
        (
            PREDICT,
            "CTC_PREDICT_THREDS",
            "sets no option of `ctc predict`: did you mean 'CTC_PREDICT_THREADS'?",
        ),
        (
            PREDICT,
            "CTC_PREDICT_TIMEZONE",
            "sets no option of `ctc predict`: did you mean 'CTC_PREDICT_TIME_ZONE'?",
        ),
        (PREDICT, "CTC_PREDICT_XYZZY", "sets no option of `ctc predict`: see `ctc predict --help`"),
        (PREDICT, "CTC_PERDICT_THREADS", "sets nothing: did you mean 'CTC_PREDICT_THREADS'?"),
        (PREDICT, "CTC_PLUGIN", "sets nothing: did you mean 'CTC_PLUGINS'?"),
        (PREDICT, "CTC_XYZZY", "sets nothing: see docs/reference/environment.md"),
        (
            CSV,
            "CTC_INVENTORY_CVS_EVENT_ID",
            "sets nothing: did you mean 'CTC_INVENTORY_CSV_EVENT_ID'?",
        ),
        (
            ["dataset", "verify", "d", "--show-config"],
            "CTC_DATASET_VERIFY_WORKER",
            "sets no option of `ctc dataset verify`: did you mean 'CTC_DATASET_VERIFY_WORKERS'?",
        ),
    ],
)
def test_warn_unknown_variables_suggests_the_closest(
    monkeypatch, capsys, arguments, variable, warning
) -> None:
    monkeypatch.setenv(variable, "1")
    assert run(arguments) == 0
    assert capsys.readouterr().err == f"warning: the environment variable '{variable}' {warning}\n"


@pytest.mark.parametrize(
    "variable",
    [
        "CTC_PREDICT_TIME_ZONE",
        "CTC_PREDICT_EXCEL",
        "CTC_DATASET_VERIFY_WORKERS",
        "CTC_EXPORT_XYZZY",
        "CTC_LOG_JSON",
        "CTC_DISABLE_PLUGINS",
        "CTC_STRICT_PLUGINS",
        "CTC_SERVE_TOKEN",
        "CTC_SERVICE_PORT_HTTP",
        "CTC_PORT_8501_TCP_ADDR",
    ],
)
def test_warn_unknown_variables_ignores_known_ones(monkeypatch, tmp_path, capsys, variable) -> None:
    monkeypatch.setenv(variable, str(tmp_path / "log") if variable == "CTC_LOG_JSON" else "0")
    assert run(PREDICT) == 0
    assert capsys.readouterr().err == ""


def test_warn_unknown_variables_warns_once(monkeypatch, capsys) -> None:
    monkeypatch.setenv("CTC_QUIT", "1")
    assert [run(PREDICT), run(CSV)] == [0, 0]
    assert capsys.readouterr().err.count("CTC_QUIT'") == 1


def test_warn_unknown_variables_before_missing_option_error(monkeypatch, capsys) -> None:
    monkeypatch.setenv("CTC_PREDICT_OUTPT", "p.csv")
    assert run(["predict", "model.onnx", "photos"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        (
            "warning: the environment variable 'CTC_PREDICT_OUTPT' sets no option of `ctc "
            "predict`: did you mean 'CTC_PREDICT_OUTPUT'?"
        ),
        "error: missing option '--output': see 'ctc predict --help'",
    ]
