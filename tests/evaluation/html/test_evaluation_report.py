"""report.html of an evaluation."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from ctc.artifacts.model.file import ModelInfo
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.artifacts.run import Run
from ctc.evaluation.config import ReportConfig
from ctc.evaluation.explain.explain import Example, Explanation, Explanations
from ctc.evaluation.html.evaluation_report import ReportExtras, write_evaluation_report
from ctc.evaluation.html.summary import describe_subject
from ctc.evaluation.html.thumbnails import thumbnails_from_files
from ctc.evaluation.metrics.evaluate import EvaluationContext, evaluate
from ctc.evaluation.training_history import read_history
from ctc.evaluation.training_overlap import THIS_SPLIT


def test_evaluation_report_has_closed_tags_and_unique_anchors(
    data, write_report, read_page
) -> None:
    page = read_page(write_report(data))
    assert page.unmatched == []
    assert [name for name, times in Counter(page.ids).items() if times > 1] == []
    links = [link for link in page.all("a", "href") if link.startswith("#")]
    assert {link[1:] for link in links} - set(page.ids) == set()


def test_evaluation_report_links_matrix_cells_to_photos(data, write_report, read_page) -> None:
    page = read_page(write_report(data))
    cells = {link for link in page.all("a", "href") if "-cell-" in link}
    right = {f"#label-0-cell-{i}-{i}" for i in range(4)}
    assert cells == right | {"#label-0-cell-1-2", "#label-0-cell-3-0"}


def test_evaluation_report_escapes_names_and_paths(data, write_report, read_page) -> None:
    page = read_page(write_report(data, failures=("<img src=x onerror=alert(2)>: broken",)))
    assert page.source.count("<script>") == 1
    assert [name for name, _ in page.tags if name in ("i", "b")] == []
    assert page.all("img", "onerror") == []
    for name in (
        *data.classes["species"],
        "<i>camera</i> 3",
        "<b>&'bold'.jpg",
        "<img src=x onerror=alert(2)>",
    ):
        assert name in page.text


def test_evaluation_report_loads_nothing(data, write_report, read_page) -> None:
    page = read_page(write_report(data))
    assert {address.split(",")[0] for address in page.all("img", "src")} == {
        "data:image/jpeg;base64"
    }
    assert page.all("link", "href") == ["data:,"]
    assert page.all("script", "src") == []
    assert not re.search(r"url\(|@import|https?://", page.source)
    assert any("default-src 'none'" in content for content in page.all("meta", "content"))


def test_evaluation_report_notes_what_is_left_out(
    data_without_facts, write_report, read_page
) -> None:
    page = read_page(write_report(data_without_facts))
    assert {"label-0-locations", "label-0-daylight", "training"} & set(page.ids) == set()
    assert "metrics by location are left out: unknown for every event" in page.text


def test_evaluation_report_has_all_sections(data, write_report, read_page) -> None:
    ids = set(read_page(write_report(data)).ids)
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


def test_evaluation_report_shows_training_curves(data, write_report, read_page, tmp_path) -> None:
    rows = [
        "epoch,loss,val_loss,accuracy[species],val_accuracy[species]",
        "1,2.0,1.5,0.5,",
        "2,1.0,1.2,0.7,0.6",
    ]
    run = Run(tmp_path)
    run.history.write_text("\n".join(rows) + "\n")
    page = read_page(write_report(data, history=read_history(run)))
    assert "training" in page.ids
    assert "loss by epoch: training ends at 1, validation ends at 1.2" in page.all(
        "svg", "aria-label"
    )


def test_evaluation_report_counts_missing_photos(
    data, photos, write_report, read_page, tmp_path
) -> None:
    for i in range(11):
        (tmp_path / f"{i}.jpg").unlink()
    page = read_page(write_report(data))
    assert "photo not shown: no such file or directory" in page.text
    assert f"photos are not shown: no such file or directory, such as “{tmp_path}/" in page.text
    assert "give their folder with --image-root" in page.text


def test_evaluation_report_omits_tables_with_one_row(
    data, write_report, read_page, tmp_path
) -> None:
    assert "Accuracy by light" in read_page(write_report(data)).text
    same = np.zeros(len(data.event_ids))
    alike = replace(data, location=same.astype(np.int32), light=same.astype(np.int8))
    page = read_page(write_report(alike))
    assert not {"label-0-locations", "label-0-daylight", "label-0-photos"} & set(page.ids)


def test_evaluation_report_shows_one_mistake_of_each_burst(data, write_report, read_page) -> None:
    # mistakes every hour; five in one minute at one camera
    wrong = [i for i in range(48) if i % 6 == 5]
    times = list(data.timestamps)
    location = data.location.copy()
    for second, event in enumerate(wrong[:5]):
        times[event] = f"2024-03-01T12:00:{second:02d}"
        location[event] = 0
    page = read_page(write_report(replace(data, timestamps=tuple(times), location=location)))
    gallery = page.source.partition('<section id="label-0-worst">')[2].partition("</section>")[0]
    assert gallery.count("<li") == len(wrong) - 4
    assert "One of each burst" in gallery


def test_evaluation_report_names_second_class_of_uncertain_predictions(
    make_data, write_report, read_page
) -> None:
    data = make_data([0, 1, 1], [[0.55, 0.45], [0.1, 0.9], [0.2, 0.8]], ["deer", "fox"])
    gallery = read_page(write_report(data)).source.partition('<section id="label-0-unsure">')[2]
    first = gallery.partition("</li>")[0]
    assert "<strong>deer</strong> 55.0\N{NO-BREAK SPACE}%" in first
    assert "or <strong>fox</strong> 45.0\N{NO-BREAK SPACE}%" in first
    assert "or <strong>" not in gallery.partition("</section>")[2]


@pytest.mark.parametrize(
    ("trained", "sentence"),
    [
        ("on other splits of this dataset", "The model was trained on other splits of this"),
        ("on another dataset", "The model was trained on another dataset; photos that are in"),
        ("unknown", "Which photos the model was trained on is not known here"),
    ],
)
def test_describe_subject_tells_what_the_model_was_trained_on(make_data, trained, sentence) -> None:
    subject = {"model": "m.onnx", "split": "test", "trained": trained}
    data = make_data([0, 1], [[0.9, 0.1], [0.1, 0.9]])
    assert sentence in describe_subject(evaluate(data, EvaluationContext(subject)))


def test_evaluation_report_limits_matrix_to_40_classes(make_data, write_report, read_page) -> None:
    names = [f"class {i}" for i in range(45)]
    truth = np.arange(90) % 45
    page = read_page(write_report(make_data(truth, np.eye(45)[truth], names)))
    assert len({link for link in page.all("a", "href") if "-cell-" in link}) == 40
    assert "The 40 most frequent classes are shown; 5 others, with 10 events" in page.text


def test_evaluation_report_shows_photo_that_supports_the_class(
    data, photos, write_report, read_page
) -> None:
    both = replace(
        data.events, event=np.repeat(data.events.event, 2), paths=("0.jpg", photos[0]) * 48
    )
    flat = np.full((48, 4), 0.25, np.float32)
    values = np.stack([flat, data.events.probabilities["species"]], axis=1).reshape(96, 4)
    page = read_page(
        write_report(replace(data, photos=replace(both, probabilities={"species": values})))
    )
    assert set(page.all("img", "alt")) == {photos[0]}


@pytest.fixture
def explanations() -> Explanations:
    noise = np.random.default_rng(0).integers(0, 256, (40, 80, 3), dtype=np.uint8)
    about = Example("species", "event 5", "<5>.jpg", "empty", "🦊", 3, 0.75)
    return Explanations("Grad-CAM", (Explanation(about, noise),) * 3)


def test_evaluation_report_shows_saliency_maps(data, explanations, write_report, read_page) -> None:
    page = read_page(write_report(data, explanations=explanations))
    assert page.all("img", "alt").count("<5>.jpg, with its saliency map") == 3
    for part in (
        "Saliency maps: what the model looks at",
        "Method: Grad-CAM",
        "🦊 75.0\u00a0%",
        "✗ truth: empty",
    ):
        assert part in " ".join(page.text.split(" ")).replace("\n", " ")


def test_evaluation_report_counts_saliency_maps_as_thumbnails(
    data, explanations, write_report, read_page
) -> None:
    page = read_page(write_report(data, explanations=explanations, config=ReportConfig(0.1)))
    assert sum(map(len, page.all("img", "src"))) <= 100_000
    assert "label-0-explained" in page.ids


def test_evaluation_report_shows_rare_classes_and_thresholds(
    make_data, write_report, read_page
) -> None:
    truth = np.array([0] * 50 + [1] * 50 + [2])
    model = ModelInfo(
        {"species": ("deer", "fox", "wolf")},
        Preprocessing(8, 8),
        thresholds={"species": {"deer": 0.625, "wolf": None}},
    )
    page = read_page(
        write_report(make_data(truth, np.eye(3)[truth], ["deer", "fox", "wolf"]), model=model)
    )
    for part in (
        "Threshold",
        "62.5\u00a0%",
        "never",
        "mean over rare classes",
        "average class's events): wolf.",
    ):
        assert part in page.text


def test_evaluation_report_escapes_names_that_are_not_unicode(
    make_data, write_report, read_page
) -> None:
    odd = "fox\udcff"
    page = read_page(write_report(make_data([0, 1], [[0.9, 0.1], [0.2, 0.8]], [odd, "wolf"])))
    assert "fox\\udcff" in page.text


def test_evaluation_report_begins_with_a_warning_if_the_model_learnt_these_photos(
    data, read_page, tmp_path
) -> None:
    context = EvaluationContext({"split": "train", "trained": THIS_SPLIT})
    page = read_page(
        write_evaluation_report(
            evaluate(data, context), data, tmp_path / "r", thumbnails_from_files(), ReportExtras()
        )
    )
    warned = page.text.index("the model was trained on split 'train' of this dataset")
    assert warned < page.text.index("Summary\n\n")


def test_evaluation_report_names_the_interval_for_new_cameras(
    data, data_without_facts, write_report, read_page
) -> None:
    with_locations = read_page(write_report(data)).text
    without = read_page(write_report(data_without_facts)).text
    assert "for events of new cameras" in with_locations
    assert "fewer than two locations are known" in without
    assert "for events of new cameras" not in without
