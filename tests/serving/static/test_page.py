"""The web page in a real browser: drop, filter, correct, group, download."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import onnx
import pytest

from ctc.artifacts.review.answer import Answer
from ctc.artifacts.review.store import ReviewStore
from ctc.cli.main import run

pytestmark = pytest.mark.subprocess

RED, BLUE, PURPLE = (255, 0, 0), (0, 0, 255), (130, 0, 120)
HOSTILE = "c<img src=x onerror=alert(1)>.jpg"
FORMULA = '=HYPERLINK("a").jpg'
SHOWN = "Array.from(document.querySelectorAll('#gallery h3'), (one) => one.textContent)"
CLASSES = (
    "Array.from(document.querySelectorAll('#classes button'),"
    " (one) => one.innerText.split('\\n').slice(0, 2))"
)
FIRST = "document.querySelector('#gallery .answer select')"
TAKEN = ("2024:05:01 10:00:00", "2024:05:01 10:00:20", "2024:05:01 12:00:00", None)


@pytest.fixture(scope="module")
def photos(jpeg, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write four photos, two of them a burst, a broken photo, and a text file."""
    folder = tmp_path_factory.mktemp("photos") / "camera"
    (folder / "more").mkdir(parents=True)
    names = ("a.jpg", "b.jpg", HOSTILE, f"more/{FORMULA}")
    for name, color, taken in zip(names, (RED, RED, BLUE, PURPLE), TAKEN, strict=True):
        (folder / name).write_bytes(jpeg(color, taken))
    (folder / "broken.jpg").write_bytes(b"no photo")
    (folder / "notes.txt").write_text("nothing")
    return folder


@pytest.fixture
def page(browser, server, photos):
    """Open the page and predict the folder; afterwards check requests and console messages."""
    browser.open(f"{server.url}/")
    browser.drop(photos)
    wait_for_photos(browser, 5)
    yield browser
    foreign = [
        url for url in browser.requests if not url.startswith((server.url, f"blob:{server.url}"))
    ]
    assert (foreign, browser.console_messages) == ([], [])


def wait_for_photos(browser, count: int) -> None:
    photos = "photo" if count == 1 else "photos"
    browser.wait_for(
        f"document.getElementById('progress-text').textContent ==="
        f" '{count} of {count} {photos} done'"
    )


def counts(browser, *wanted: list[str]) -> None:
    """Wait until the classes have these counts."""
    browser.wait_for(
        f"JSON.stringify({CLASSES}) === {json.dumps(json.dumps(wanted, separators=(',', ':')))}"
    )


def choose(browser, name: str, value: str) -> None:
    """Set a field as a person would."""
    script = (
        "for (const kind of ['input', 'change'])"
        f" {name}.dispatchEvent(new Event(kind, {{bubbles: true}}))"
    )
    browser.run(f"{name}.value = {value!r}; {script}")


def field(name: str) -> str:
    return f"document.getElementById('{name}')"


def downloaded(page, name: str = "predictions.csv") -> list[dict[str, str]]:
    (page.downloads / name).unlink(missing_ok=True)
    page.run("document.getElementById('download').click()")
    return list(csv.DictReader(io.StringIO(page.downloaded(name).decode(), newline="")))


def test_page_predicts_a_dropped_folder_and_lists_failures_last(page) -> None:
    assert page.run(SHOWN) == [
        "camera/a.jpg",
        "camera/b.jpg",
        f"camera/{HOSTILE}",
        f"camera/more/{FORMULA}",
        "camera/broken.jpg",
    ]
    counts(page, ["fox", "3"], ["wolf", "1"])
    assert page.run("document.querySelector('.failed .reason').textContent").startswith(
        "Can't be used: not an image"
    )


def test_page_shows_file_names_as_text(page) -> None:
    assert page.run("document.querySelectorAll('#gallery img:not(.picture img)').length") == 0
    page.run("document.querySelectorAll('.picture')[2].click()")
    assert page.run("document.querySelector('#viewer h2').textContent") == f"camera/{HOSTILE}"
    assert "alert" not in page.dialogs


def test_page_makes_thumbnails_in_the_browser(page) -> None:
    page.wait_for("document.querySelectorAll('#gallery img[src^=blob]').length === 4")
    assert page.run("document.querySelector('#gallery img').naturalWidth") == 24


def test_page_filters_by_class(page) -> None:
    wolf = "document.querySelectorAll('#classes button')[1]"
    page.run(f"{wolf}.click()")
    assert page.run(SHOWN) == [f"camera/{HOSTILE}"]
    assert page.run("document.getElementById('shown').textContent") == "1 of 5 photos"
    assert page.run(f"{wolf}.getAttribute('aria-pressed')") == "true"
    page.run(f"{wolf}.click()")
    assert len(page.run(SHOWN)) == 5


def test_page_filters_by_confidence(page) -> None:
    choose(page, field("most"), "60")
    assert page.run(SHOWN) == [f"camera/more/{FORMULA}", "camera/broken.jpg"]


def test_page_sorts_by_confidence(page) -> None:
    choose(page, field("order"), "unsure")
    assert page.run(SHOWN)[0] == f"camera/more/{FORMULA}"


def test_page_filters_failures(page) -> None:
    page.run("document.getElementById('show-failures').click()")
    assert page.run(SHOWN) == ["camera/broken.jpg"]


def test_page_table_equals_that_of_predict(page, photos, model_file, tmp_path) -> None:
    output = tmp_path / "p.csv"
    assert run(["predict", str(model_file), str(photos), "--output", str(output), "--excel"]) == 3
    with output.open(newline="", encoding="utf-8-sig") as file:
        said = [
            {**row, "id": row["id"].replace(f"{photos.parent}/", ""), "correction": ""}
            for row in csv.DictReader(file)
        ]
    assert sorted(downloaded(page), key=str) == sorted(said, key=str)


def test_page_table_has_corrections(page) -> None:
    choose(page, FIRST, "wolf")
    counts(page, ["fox", "2"], ["wolf", "2"])
    assert (
        page.run("document.querySelector('.corrected .note').textContent")
        == "corrected; the model says fox"
    )
    first, second, *_ = downloaded(page)
    assert [first[name] for name in ("id", "label", "prediction_top", "correction")] == [
        "camera/a.jpg",
        "species",
        "fox",
        "wolf",
    ]
    assert (second["label"], second["correction"]) == ("count", "")


def test_page_names_probabilities_in_the_menu_and_the_second_class_if_uncertain(page) -> None:
    options = "Array.from(document.querySelectorAll('{} option'), (one) => one.text).slice(0, 2)"
    cards = "#gallery li:nth-child({}) .answer"
    assert page.run(options.format(cards.format(1))) == ["fox", "wolf 7 %"]
    assert page.run(options.format(cards.format(4))) == ["fox", "wolf 48 %"]
    notes = "Array.from(document.querySelectorAll('{} .note'), (one) => one.textContent)"
    assert page.run(notes.format(cards.format(1))) == []
    assert page.run(notes.format(cards.format(4)))[0] == "or wolf 48 %"


def test_page_does_not_show_the_confidence_of_another_class_beside_unknown(
    browser, running_server, write_model, photos, tmp_path
) -> None:
    path = write_model(tmp_path / "model.onnx", {"species": ("fox", "wolf")})
    model = onnx.load(path)
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    metadata["thresholds"] = json.dumps({"species": {"fox": None, "wolf": 0.5}})
    onnx.helper.set_model_props(model, metadata)
    onnx.save(model, path)
    with running_server({"model": path}, poll_interval=0) as server:
        browser.open(f"{server.url}/")
        browser.choose("#files", photos / "a.jpg")
        wait_for_photos(browser, 1)
        said = "most probable: fox 93 %, which is not accepted"
        answer = "document.querySelector('#gallery .answer')"
        browser.wait_for(f"{answer}.innerText.split('\\n').includes('{said}')")
        assert browser.run("document.querySelectorAll('#gallery .share').length") == 0
        assert browser.run(f"{FIRST}.value") == "unknown"


def test_page_removes_a_correction_that_equals_the_prediction(page) -> None:
    choose(page, FIRST, "wolf")
    choose(page, FIRST, "fox")
    assert page.run("document.querySelectorAll('.corrected').length") == 0


def test_page_accepts_a_typed_class(page) -> None:
    page.run(f"{FIRST}.focus()")
    choose(page, FIRST, "\0other")
    for letter in "=ow":
        page.press(letter, ord(letter.upper()), letter)
    page.press("Enter", 13)
    counts(page, ["fox", "2"], ["=ow", "1"], ["wolf", "1"])
    assert downloaded(page)[0]["correction"] == "'=ow"


def test_page_table_escapes_formulas(browser, server, jpeg, tmp_path) -> None:
    (tmp_path / FORMULA).write_bytes(jpeg())
    browser.open(f"{server.url}/")
    browser.choose("#files", tmp_path / FORMULA)
    wait_for_photos(browser, 1)
    assert downloaded(browser)[0]["id"] == f"'{FORMULA}"


def test_page_groups_bursts_and_keeps_corrections(page) -> None:
    choose(page, FIRST, "wolf")
    choose(page, field("within"), "60")
    page.wait_for("document.getElementById('shown').textContent === '4 events'")
    assert page.run("document.querySelector('.stack').textContent") == "2 photos"
    rows = downloaded(page)
    assert [row["id"] for row in rows[::2]] == [
        "camera/a.jpg",
        f"camera/{HOSTILE}",
        f"camera/more/{FORMULA}",
    ]
    assert rows[0]["correction"] == "wolf"
    choose(page, field("within"), "0")
    page.wait_for("document.getElementById('shown').textContent === '5 photos'")


def test_page_predicts_events_of_a_stacked_model_together(
    browser, running_server, write_model, photos, tmp_path
) -> None:
    stacked = write_model(tmp_path / "model.onnx", image_choice="grayscale_stacking")
    with running_server({"model": stacked}, poll_interval=0) as server:
        browser.open(f"{server.url}/")
        browser.drop(photos)
        wait_for_photos(browser, 5)
        choose(browser, field("within"), "60")
        browser.wait_for("document.getElementById('shown').textContent === '4 events'")
        assert server.figure('ctc_photos_total{model="model",outcome="predicted"}') == 6


def test_page_downloads_failures(page) -> None:
    page.run("document.getElementById('download-failures').click()")
    reason = "not an image of a known kind (jpg, png, bmp, webp, tiff, gif)"
    assert (
        page.downloaded("predictions.csv.failures.csv").decode()
        == f'"path","reason"\n"camera/broken.jpg","{reason}"\n'
    )


def test_page_viewer_keyboard_navigation_corrects_nothing(page) -> None:
    page.run("document.querySelector('.picture').focus()")
    page.press("Enter", 13, "\r")
    page.press("ArrowRight", 39)
    assert page.run("document.querySelector('#viewer h2').textContent") == "camera/b.jpg"
    assert page.run("document.querySelectorAll('.corrected').length") == 0
    page.press("Escape", 27)
    assert page.run("document.getElementById('viewer').open") is False


def test_page_ignores_photos_added_twice(page, photos) -> None:
    page.drop(photos)
    assert page.run("document.getElementById('progress-text').textContent") == "5 of 5 photos done"


def test_page_warns_before_unsaved_corrections_are_lost(page, server) -> None:
    page.run("document.querySelector('.picture').focus()")
    page.press("Tab", 9)  # without a key or a click of a person no browser asks
    choose(page, FIRST, "wolf")
    page.open(f"{server.url}/")
    assert page.dialogs == ["beforeunload"]


def kept(page, text: str) -> None:
    """Wait until the page tells that of its corrections."""
    page.wait_for(f"{field('kept')}.textContent === {text!r}")


@pytest.fixture
def keeping(browser, running_server, model_file, photos, tmp_path):
    """Open the page of a server that keeps corrections, and predict the folder."""
    file = tmp_path / "review.sqlite"
    with running_server({"model": model_file}, poll_interval=0, store=file) as server:
        browser.open(f"{server.url}/")
        browser.run("localStorage.clear()")
        browser.open(f"{server.url}/")
        browser.drop(photos)
        wait_for_photos(browser, 5)
        yield browser, file


def test_page_keeps_corrections_on_the_server(keeping) -> None:
    page, file = keeping
    choose(page, field("reviewer"), "Ann")
    choose(page, FIRST, "wolf")
    kept(page, "1 correction kept")
    with ReviewStore.open(file) as store:
        (event,) = store.iter_events()
    assert [photo.path for photo in event.photos] == ["camera/a.jpg"]
    assert event.answers == {"Ann": Answer({"species": ("wolf",)})}
    assert (event.place, event.time) == ("camera", "2024-05-01T10:00:00")


def test_page_asks_who_corrects(keeping) -> None:
    page, _ = keeping
    choose(page, FIRST, "wolf")
    kept(page, "1 not kept yet: say who you are")
    assert page.run("document.activeElement.id") == "reviewer"
    choose(page, field("reviewer"), "Ann")
    kept(page, "1 correction kept")


def test_page_keeps_that_the_model_was_right_after_all(keeping) -> None:
    page, file = keeping
    choose(page, field("reviewer"), "Ann")
    choose(page, FIRST, "wolf")
    choose(page, FIRST, "fox")
    kept(page, "2 corrections kept")
    with ReviewStore.open(file) as store:
        (event,) = store.iter_events()
        assert event.answer == Answer({"species": ("fox",)})


def test_page_tells_of_a_correction_that_is_not_kept(keeping) -> None:
    page, _ = keeping
    page.run("document.querySelector('.picture').focus()")
    page.press("Tab", 9)  # without a key or a click of a person no browser asks
    choose(page, field("reviewer"), "Ann")
    page.run(f"{field('reviewer')}.removeAttribute('maxlength')")
    choose(page, field("reviewer"), "A" * 101)
    choose(page, FIRST, "wolf")
    page.wait_for(f"{field('kept')}.textContent.includes('is no name of a reviewer')")
    page.open("about:blank")
    assert page.dialogs == ["beforeunload"]


def test_page_without_a_store_asks_for_no_name(page) -> None:
    assert page.run(f"{field('reviewer-choice')}.hidden && {field('kept')}.hidden") is True


def test_page_asks_for_a_token(browser, running_server, model_file, photos) -> None:
    with running_server({"model": model_file}, poll_interval=0, token="s3cret") as server:
        browser.open(f"{server.url}/")
        browser.wait_for("document.getElementById('key').open")
        browser.run(
            "document.getElementById('token').value = 's3cret';"
            " document.querySelector('#key button').click()"
        )
        browser.wait_for("document.getElementById('about').textContent.includes('version 1')")
        browser.drop(photos)
        wait_for_photos(browser, 5)


@pytest.mark.parametrize("path", ["/", "/docs"])
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_page_fits_the_window(browser, server, photos, path: str, width: int) -> None:
    browser.open(f"{server.url}{path}", width)
    if path == "/":
        browser.drop(photos)
        wait_for_photos(browser, 5)
    else:
        browser.wait_for("document.querySelectorAll('.operation').length > 10")
    assert browser.run("document.documentElement.scrollWidth") <= width
    assert browser.console_messages == []


def test_page_controls_have_accessible_names(page) -> None:
    nodes = page.call("Accessibility.getFullAXTree")["nodes"]
    used = {"button", "combobox", "slider", "link", "textbox", "checkbox"}
    unnamed = [
        node["role"]["value"]
        for node in nodes
        if node.get("role", {}).get("value") in used
        and not node.get("name", {}).get("value")
        and not node.get("ignored")
    ]
    assert unnamed == []
