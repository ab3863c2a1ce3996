from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from ctc.artifacts.predictions import EventPrediction, Failure
from ctc.errors import PluginError
from ctc.inference.classification import predict
from ctc.inference.config import TruncatedPolicy
from ctc.inference.events.event import Event
from ctc.inference.pipeline.pipeline import PipelineConfig
from ctc.inference.postprocess import make_postprocessor
from ctc.plugin import Aggregation
from ctc.runtime.config import RuntimeConfig
from ctc.runtime.session import Model, load_model

RED, BLUE, GREEN, WHITE = (255, 0, 0), (0, 0, 255), (0, 255, 0), (255, 255, 255)
MEAN = Aggregation("mean", "", lambda values: values.mean(axis=0))
FIRST = Aggregation("first", "", lambda values: values[0])


def sure(value: float) -> float:
    return 1 / (1 + math.exp(-value))


@pytest.fixture
def opened(model: Path) -> Model:
    return load_model(model)


def pipeline_config(truncated: TruncatedPolicy = "fail", **runtime: int) -> PipelineConfig:
    return PipelineConfig(RuntimeConfig(**runtime), truncated)


def run(model: Model, events, aggregation=MEAN, **config) -> list[EventPrediction | Failure]:
    results = predict(
        model, make_postprocessor(model.info), events, aggregation, pipeline_config(**config)
    )
    return [entry for result in results for entry in result.entries]


def event(name: str, *paths: Path, **meta: str) -> Event:
    return Event(name, tuple(map(str, paths)), meta)


def test_predict_aggregates_photos_of_an_event(opened, draw) -> None:
    red, blue = draw("red.png", RED), draw("blue.png", BLUE)
    (found,) = run(opened, [event("1", red, blue, blue, site="N")])
    fox = (sure(1) + 2 * sure(-1)) / 3
    assert found.id == "1"
    assert found.meta == {"site": "N"}
    assert found.classes == {"species": ("fox", "wolf"), "count": ("1", "2+")}
    assert found.probabilities["species"] == pytest.approx([fox, 1 - fox], abs=1e-6)
    assert [photo.path for photo in found.images] == [str(red), str(blue), str(blue)]
    assert found.images[0].probabilities["species"] == pytest.approx([sure(1), sure(-1)], abs=1e-6)


def test_predict_returns_every_label(opened, draw) -> None:
    (found,) = run(opened, [event("1", draw("green.png", GREEN))])
    assert found.probabilities["species"] == pytest.approx([0.5, 0.5], abs=1e-6)
    assert found.probabilities["count"] == pytest.approx([sure(-1), sure(1)], abs=1e-6)


def test_predict_uses_the_aggregation(opened, draw) -> None:
    (found,) = run(opened, [event("1", draw("red.png", RED), draw("blue.png", BLUE))], FIRST)
    assert found.top("species") == ("fox", pytest.approx(sure(1), abs=1e-6))


@pytest.mark.parametrize("batch_size", [1, 3, 64])
@pytest.mark.parametrize("threads", [1, 4])
def test_predict_keeps_input_order(opened, draw, batch_size: int, threads: int) -> None:
    photos = [draw(f"{i}.png", (i, 0, 255 - i)) for i in range(20)]
    events = [event(str(i), *photos[i : i + 1 + i % 4]) for i in range(17)]
    found = run(opened, iter(events), batch_size=batch_size, threads=threads)
    expected = [[sure((2 * k - 255) / 255) for k in range(i, i + 1 + i % 4)] for i in range(17)]
    assert [one.id for one in found] == [str(i) for i in range(17)]
    assert [one.probabilities["species"][0] for one in found] == pytest.approx(
        [sum(values) / len(values) for values in expected], abs=1e-5
    )


def test_predict_pads_batches_to_full_size(build_model, draw) -> None:
    model = load_model(build_model(per_photo=0.1))
    black = draw("black.png", (0, 0, 0))
    found = run(model, [event(str(number), black) for number in range(5)], batch_size=4)
    assert [one.probabilities["count"][1] for one in found] == pytest.approx(
        [sure(0.4)] * 5, abs=1e-6
    )


def test_predict_event_with_broken_photo_uses_the_others(opened, draw, tmp_path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff\xe0 no more")
    failure, found = run(opened, [event("1", broken, draw("red.png", RED))])
    assert (failure.path, found.id) == (str(broken), "1")
    assert found.probabilities["species"][0] == pytest.approx(sure(1), abs=1e-6)
    assert len(found.images) == 1


def test_predict_returns_every_photo_once(opened, draw, tmp_path) -> None:
    (tmp_path / "folder.jpg").mkdir()
    (tmp_path / "empty.jpg").touch()
    bad = [tmp_path / name for name in ("gone.jpg", "folder.jpg", "empty.jpg")]
    good = [draw("red.png", RED), draw("blue.png", BLUE)]
    found = run(
        opened,
        [event("1", *bad), event("2", good[0], bad[0]), event("3"), event("4", good[1])],
        batch_size=2,
    )
    assert found[:3] == [
        Failure(str(bad[0]), "no such file or directory", event_id="1"),
        Failure(str(bad[1]), "not a file", event_id="1"),
        Failure(str(bad[2]), "empty file", event_id="1"),
    ]
    assert found[3] == Failure(str(bad[0]), "no such file or directory", event_id="2")
    assert found[4].id == "2"
    assert found[5] == Failure("3", "the event names no photo", of_event=True, event_id="3")
    assert found[6].id == "4"
    assert len(found) == 7


def test_predict_reads_only_batches_in_flight(opened, draw) -> None:
    photo = draw("red.png", RED)
    taken = []

    def endless():
        for i in range(10_000):
            taken.append(i)
            yield event(str(i), photo)

    config = pipeline_config(batch_size=4, threads=2)
    stream = predict(opened, make_postprocessor(opened.info), endless(), MEAN, config)
    first = next(stream)
    stream.close()
    assert first.prediction.id == "0"
    assert len(taken) <= 4 * config.batches_in_flight == 12


def test_predict_stacks_photos_of_an_event(build_model, draw) -> None:
    model = load_model(build_model(image_choice="grayscale_stacking"))
    white, black = draw("white.png", WHITE), draw("black.png", (0, 0, 0))
    lit_first, lit_last, single, four = run(
        model,
        [
            event("1", white, black, black),
            event("2", black, black, white),
            event("3", white),
            event("4", white, black, black, black),
        ],
    )
    assert lit_first.probabilities["species"][0] == pytest.approx(sure(1), abs=1e-6)
    assert lit_last.probabilities["species"][0] == pytest.approx(sure(-1), abs=1e-6)
    assert single.probabilities["species"][0] == pytest.approx(0.5, abs=1e-6)
    assert len(four.images) == 4


def test_predict_stacks_without_broken_photo(build_model, draw) -> None:
    model = load_model(build_model(image_choice="grayscale_stacking"))
    white, black = draw("white.png", WHITE), draw("black.png", (0, 0, 0))
    failure, found = run(model, [event("1", Path("gone.jpg"), white, black, black)])
    assert failure == Failure("gone.jpg", "no such file or directory", event_id="1")
    assert found.probabilities["species"][0] == pytest.approx(sure(1), abs=1e-6)


def test_predict_truncated_photo_fails_or_is_used(opened, shared) -> None:
    cut = shared / "data" / "camera-trap-photos" / "african_elephants_truncated_file.jpg"
    (failed,) = run(opened, [event("1", cut)], truncated="fail")
    (used,) = run(opened, [event("1", cut)], truncated="use")
    assert isinstance(failed, Failure)
    assert "premature end" in failed.reason
    assert isinstance(used, EventPrediction)


def test_predict_nan_output_is_a_failure(build_model, draw) -> None:
    model = load_model(build_model(bias=float("nan")))
    photo = draw("red.png", RED)
    assert run(model, [event("1", photo)]) == [
        Failure(str(photo), "the model's answer is not a number", event_id="1")
    ]


@pytest.mark.parametrize(
    ("combine", "reason"),
    [
        (lambda values: values, "returned .* for 2 classes"),
        (lambda values: values[:, 0] / 0, "failed|returned"),
        (lambda values: np.full(2, np.nan), "not one number for each"),
        (lambda values: values.nothing, "aggregation 'odd' failed: AttributeError"),
    ],
)
def test_predict_names_aggregation_that_fails(opened, draw, combine, reason) -> None:
    with pytest.raises(PluginError, match=reason), np.errstate(all="ignore"):
        run(opened, [event("1", draw("red.png", RED))], Aggregation("odd", "", combine))
