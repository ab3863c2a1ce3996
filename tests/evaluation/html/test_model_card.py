"""Model card."""

from __future__ import annotations

import numpy as np

from ctc.artifacts.model.file import ModelInfo
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.evaluation.config import ReportConfig


def test_model_card_states_missing_licence(data, write_report, read_page) -> None:
    assert "Not stated. State a licence with --licence" in read_page(write_report(data)).text
    licensed = write_report(data, config=ReportConfig(licence="CC BY 4.0"))
    assert "CC BY 4.0" in read_page(licensed).text


def test_model_card_says_where_an_imported_network_is_from(data, write_report, read_page) -> None:
    model = ModelInfo(
        data.classes,
        Preprocessing(8, 8),
        provenance={"imported_with": {"ctc": "3.0.0", "onnx": "1.20.0"}},
        licence="Apache-2.0",
        source={"name": "theirs.onnx", "from": "a park"},
    )
    text = read_page(write_report(data, model=model)).text
    assert "imported from 'theirs.onnx' (a park)" in text
    assert "Imported: ctc 3.0.0, onnx 1.20.0" in text
    assert "Apache-2.0" in text
    assert "State a licence" not in text


def test_model_card_describes_calibration_and_thresholds(
    make_data, write_report, read_page
) -> None:
    classes = ("deer", "fox")
    model = ModelInfo(
        {"species": classes, "sex": classes, "age": classes, "tags": classes},
        Preprocessing(8, 8),
        calibration={
            "species": {"method": "temperature", "temperature": 2.5, "events": 1200},
            "sex": {"method": "temperature", "temperature": 0.8},
            "age": {"method": "vector"},
        },
        thresholds={"species": {"deer": 0.625, "fox": None}, "tags": {"deer": 0.25, "fox": 0.75}},
        multi_label=("tags",),
    )
    text = read_page(write_report(make_data([0, 1], np.eye(2), classes), model=model)).text
    for line in (
        "species: calibrated with the temperature 2.50, fitted to 1,200 events. The network was",
        "overconfident: calibration makes its probabilities less extreme, and does not change the",
        "sex: calibrated with the temperature 0.80. The network was underconfident: calibration",
        "makes its probabilities more extreme, and does not change the most probable class.",
        "age: calibrated with a scale and a bias for each class.",
        "tags: not calibrated; the probabilities are those of the network.",
        "species: accepted: deer from 62.5\u00a0%; never accepted: fox. Predictions below the",
        "never accepted: fox. Predictions below the threshold are “unknown” and need review.",
        "sex: none; the most probable class is predicted, whatever its probability.",
        "tags: accepted: deer from 25.0\u00a0%, fox from 75.0\u00a0%. Classes below their",
        "from 75.0\u00a0%. Classes below their threshold are not predicted.",
    ):
        assert line in text


def test_model_card_states_presence_threshold_of_multi_label(
    make_data, write_report, read_page
) -> None:
    model = ModelInfo({"species": ("deer", "fox")}, Preprocessing(8, 8), multi_label=("species",))
    page = read_page(write_report(make_data([0, 1], np.eye(2), ["deer", "fox"]), model=model))
    text = "species: none; each class counts as present from a probability of 50\u00a0%."
    assert text in page.text
