"""report.html of an evaluation."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from ctc.artifacts.model_file import ModelInfo
from ctc.artifacts.preprocessing import Preprocessing
from ctc.artifacts.run import Run
from ctc.errors import InputError
from ctc.evaluation.explain.explain import Example, Explanation, Explanations
from ctc.evaluation.html.curves import read_history
from ctc.evaluation.html.options import ReportConfig
from ctc.evaluation.html.summary import label_summary
from ctc.evaluation.metrics.evaluate import EvaluationContext, evaluate


def test_every_tag_is_closed_and_every_anchor_is_there_once(
    scored, write_report, read_page
) -> None:
    page = read_page(write_report(scored))
    assert page.unmatched == []
    assert [name for name, times in Counter(page.ids).items() if times > 1] == []
    links = [link for link in page.all("a", "href") if link.startswith("#")]
    assert {link[1:] for link in links} - set(page.ids) == set()


def test_each_filled_cell_of_the_matrix_leads_to_its_photos(
    scored, write_report, read_page
) -> None:
    page = read_page(write_report(scored))
    cells = {link for link in page.all("a", "href") if "-cell-" in link}
    right = {f"#label-0-cell-{i}-{i}" for i in range(4)}
    assert cells == right | {"#label-0-cell-1-2", "#label-0-cell-3-0"}


def test_names_and_paths_are_text_not_markup(scored, write_report, read_page) -> None:
    page = read_page(write_report(scored, failures=("<img src=x onerror=alert(2)>: broken",)))
    assert page.source.count("<script>") == 1
    assert [name for name, _ in page.tags if name in ("i", "b")] == []
    assert page.all("img", "onerror") == []
    for name in (
        *scored.classes["species"],
        "<i>camera</i> 3",
        "<b>&'bold'.jpg",
        "<img src=x onerror=alert(2)>",
    ):
        assert name in page.text


def test_nothing_is_loaded_from_elsewhere(scored, write_report, read_page) -> None:
    page = read_page(write_report(scored))
    assert {address.split(",")[0] for address in page.all("img", "src")} == {
        "data:image/jpeg;base64"
    }
    assert page.all("link", "href") == ["data:,"]
    assert page.all("script", "src") == []
    assert not re.search(r"url\(|@import|https?://", page.source)
    assert any("default-src 'none'" in content for content in page.all("meta", "content"))


def test_the_summary_says_in_words_what_was_found(scored, write_report, read_page) -> None:
    text = read_page(write_report(scored)).text
    assert "Of 48 events whose species is known, the model named 40 correctly: 83\u00a0%." in text
    assert "It depends on the camera" in text


def test_only_a_model_that_is_not_calibrated_is_to_be(make_scored) -> None:
    wrong = make_scored([0, 1, 0, 1], [[0.1, 0.9], [0.9, 0.1]] * 2)
    told = [
        label_summary(
            "species", evaluate(wrong, EvaluationContext(uncalibrated=before)).labels["species"]
        )[-1]
        for before in (None, wrong)
    ]
    assert told[0].startswith(
        "Its probabilities should not be taken at face value: calibrate the model (off by"
    )
    assert told[1].startswith(
        "Its probabilities should not be taken at face value, though the model is calibrated (off by"
    )


def test_what_is_not_known_is_left_out_and_said(nowhere, write_report, read_page) -> None:
    page = read_page(write_report(nowhere))
    assert {"label-0-locations", "label-0-daylight", "training"} & set(page.ids) == set()
    assert "figures by location are left out: no event tells" in page.text


def test_what_is_known_has_its_section(scored, write_report, read_page) -> None:
    ids = set(read_page(write_report(scored)).ids)
    sections = (
        "automation",
        "confusion",
        "classes",
        "reliability",
        "locations",
        "daylight",
        "worst",
        "unsure",
        "right",
    )
    assert {f"label-0-{name}" for name in sections} | {"summary", "failures", "card"} <= ids


def test_a_run_folder_gives_training_curves(scored, write_report, read_page, tmp_path) -> None:
    rows = [
        "epoch,loss,val_loss,accuracy[species],val_accuracy[species]",
        "1,2.0,1.5,0.5,",
        "2,1.0,1.2,0.7,0.6",
    ]
    run = Run(tmp_path)
    run.history.write_text("\n".join(rows) + "\n")
    page = read_page(write_report(scored, history=read_history(run)))
    assert "training" in page.ids
    assert "loss by epoch: training ends at 1, validation ends at 1.2" in page.all(
        "svg", "aria-label"
    )


@pytest.mark.parametrize("text", [None, "a,b\n1,2\n", "epoch,loss\nfirst,1\n"])
def test_a_run_folder_without_a_history_is_an_error(tmp_path, text) -> None:
    if text:
        Run(tmp_path).history.write_text(text)
    with pytest.raises(InputError, match=r"history\.csv' can't be read"):
        read_history(Run(tmp_path))


@pytest.mark.parametrize(("megabytes", "pictures"), [(15.0, 88), (0.3, 30), (0.0, 0)])
def test_thumbnails_take_no_more_than_they_may(
    megabytes, pictures, scored, write_report, read_page
) -> None:
    page = read_page(write_report(scored, config=ReportConfig(megabytes)))
    found = page.all("img", "src")
    assert sum(map(len, found)) <= megabytes * 1_000_000
    assert len(found) <= pictures
    assert (len(found) > 0) == (megabytes > 0)


def test_photos_that_are_gone_are_said(scored, photos, write_report, read_page, tmp_path) -> None:
    for i in range(11):
        (tmp_path / f"{i}.jpg").unlink()
    page = read_page(write_report(scored))
    assert "no picture here" in page.text
    assert "of the places for photos have no picture" in page.text


def test_only_the_biggest_40_classes_are_in_the_matrix(
    make_scored, write_report, read_page
) -> None:
    names = [f"class {i}" for i in range(45)]
    truth = np.arange(90) % 45
    page = read_page(write_report(make_scored(truth, np.eye(45)[truth], names)))
    assert len({link for link in page.all("a", "href") if "-cell-" in link}) == 40
    assert "The 40 classes that occur most are shown; 5 others, with 10 events" in page.text


def test_an_event_is_shown_by_the_photo_that_bears_its_answer(
    scored, photos, write_report, read_page
) -> None:
    both = replace(
        scored.events, event=np.repeat(scored.events.event, 2), paths=("0.jpg", photos[0]) * 48
    )
    flat = np.full((48, 4), 0.25, np.float32)
    values = np.stack([flat, scored.events.probabilities["species"]], axis=1).reshape(96, 4)
    page = read_page(
        write_report(replace(scored, photos=replace(both, probabilities={"species": values})))
    )
    assert set(page.all("img", "alt")) == {photos[0]}


@pytest.fixture
def explanations() -> Explanations:
    noise = np.random.default_rng(0).integers(0, 256, (40, 80, 3), dtype=np.uint8)
    about = Example("species", "event 5", "<5>.jpg", "empty", "🦊", 3, 0.75)
    return Explanations("Grad-CAM", (Explanation(about, noise),) * 3)


def test_what_the_model_looked_at_is_shown_with_its_answer(
    scored, explanations, write_report, read_page
) -> None:
    page = read_page(write_report(scored, explanations=explanations))
    assert page.all("img", "alt").count("<5>.jpg, and what counts in it") == 3
    for part in (
        "What the model looked at",
        "Found by Grad-CAM",
        "🦊 75.0\u00a0%",
        "✗ truth: empty",
    ):
        assert part in " ".join(page.text.split(" ")).replace("\n", " ")


def test_explanations_count_among_the_thumbnails(
    scored, explanations, write_report, read_page
) -> None:
    page = read_page(write_report(scored, explanations=explanations, config=ReportConfig(0.1)))
    assert sum(map(len, page.all("img", "src"))) <= 100_000
    assert "label-0-explained" in page.ids


def test_rare_classes_and_thresholds_are_in_the_table(make_scored, write_report, read_page) -> None:
    truth = np.array([0] * 50 + [1] * 50 + [2])
    model = ModelInfo(
        {"species": ("deer", "fox", "wolf")},
        Preprocessing(8, 8),
        thresholds={"species": {"deer": 0.625, "wolf": None}},
    )
    page = read_page(
        write_report(make_scored(truth, np.eye(3)[truth], ["deer", "fox", "wolf"]), model=model)
    )
    for part in (
        "Accepted from",
        "62.5\u00a0%",
        "never",
        "mean over rare classes",
        "average class's events: wolf.",
    ):
        assert part in page.text


def test_a_model_card_says_what_is_not_stated(scored, write_report, read_page) -> None:
    assert "Not stated. Who passes the model on" in read_page(write_report(scored)).text
    licensed = write_report(scored, config=ReportConfig(licence="CC BY 4.0"))
    assert "CC BY 4.0" in read_page(licensed).text


def test_a_model_card_says_how_probabilities_were_corrected_and_from_which_on_they_are_believed(
    make_scored, write_report, read_page
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
    text = read_page(write_report(make_scored([0, 1], np.eye(2), classes), model=model)).text
    for line in (
        "species: calibrated with the temperature 2.50, fitted to 1,200 events. The network was too sure of itself: its",
        "its probabilities are evened out, and the most probable class stays the same.",
        "sex: calibrated with the temperature 0.80. The network was not sure enough: its probabilities are sharpened, and",
        "age: calibrated with a scale and a bias for each class.",
        "tags: not calibrated; its probabilities are as the network gives them.",
        "species: believed are deer from 62.5\u00a0%; never believed are fox. What is below is “unknown”, and a person looks at it.",
        "sex: none; the most probable class is the answer, however unsure.",
        "tags: believed are deer from 25.0\u00a0%, fox from 75.0\u00a0%. What is below is not told.",
    ):
        assert line in text


def test_the_model_card_of_a_label_with_several_classes_tells_the_usual_threshold(
    make_scored, write_report, read_page
) -> None:
    model = ModelInfo({"species": ("deer", "fox")}, Preprocessing(8, 8), multi_label=("species",))
    page = read_page(write_report(make_scored([0, 1], np.eye(2), ["deer", "fox"]), model=model))
    assert "species: none of its own; each class counts as present from 50\u00a0% on." in page.text


def test_a_name_that_is_not_unicode_is_written_with_escapes(
    make_scored, write_report, read_page
) -> None:
    odd = "fox\udcff"
    page = read_page(write_report(make_scored([0, 1], [[0.9, 0.1], [0.2, 0.8]], [odd, "wolf"])))
    assert "fox\\udcff" in page.text
