"""Photos that are decoded with their batch by DALI, here on the CPU."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ctc.artifacts.boxes import Box
from ctc.artifacts.predictions import EventPrediction, Failure
from ctc.errors import UsageError
from ctc.inference.classification import predict
from ctc.inference.events.event import Event
from ctc.inference.gpu_decode import decoder as decoder_module
from ctc.inference.gpu_decode.device import DaliDevice
from ctc.inference.pipeline import pipeline
from ctc.inference.pipeline.pipeline import PipelineConfig
from ctc.inference.postprocess import make_postprocessor
from ctc.plugin import Aggregation
from ctc.runtime.config import RuntimeConfig
from ctc.runtime.device_images import DeviceImages
from ctc.runtime.session import Model, load_model

pytest.importorskip("nvidia.dali", reason="needs DALI: pip install camera-trap-classifier[dali]")

MEAN = Aggregation("mean", "", lambda values: values.mean(axis=0))


@pytest.fixture
def on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "decoder_device", lambda *_: DaliDevice())


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[type]:
    """What each batch was given to the network as."""
    kinds: list[type] = []
    run = Model.run

    def record(self: Model, images: Any, outputs: Any) -> Any:
        kinds.append(type(images))
        return run(self, images, outputs)

    monkeypatch.setattr(Model, "run", record)
    return kinds


def run(
    model: Model, events: Iterable[Event], decode: Any = "gpu", batch_size: int = 4, **config: Any
) -> list[EventPrediction | Failure]:
    settings = PipelineConfig(
        RuntimeConfig(batch_size=batch_size, threads=2), decode=decode, **config
    )
    results = predict(model, make_postprocessor(model.info), events, MEAN, settings)
    return [entry for result in results for entry in result.entries]


def photo(path: Path, color: tuple[int, int, int], **save: Any) -> Path:
    Image.new("RGB", (240, 160), color).save(path, **save)
    return path


def events(*paths: Path) -> list[Event]:
    return [Event(path.name, (str(path),), {}) for path in paths]


def probabilities(found: list[Any]) -> Any:
    return np.array([one.probabilities["species"] for one in found])


@pytest.mark.usefixtures("on_the_cpu")
@pytest.mark.parametrize("resize", ["stretch", "fit-crop", "letterbox"])
def test_answers_on_real_photos_are_those_of_the_cpu(
    build_model: Callable[..., Path], shared: Path, batches: list[type], resize: str
) -> None:
    model = load_model(build_model(size=(96, 128), resize=resize))
    photos = events(*sorted((shared / "data/camera-trap-photos").glob("*.jpg")))
    expected, found = run(model, photos, "cpu"), run(model, photos)
    assert set(batches) == {np.ndarray, DeviceImages}
    for one, other in zip(expected, found, strict=True):
        if isinstance(one, Failure):
            assert one == other
            continue
        assert isinstance(other, EventPrediction)
        assert one.id == other.id
        first, second = one.images[0], other.images[0]
        for name in ("path", "taken", "camera", "latitude", "longitude", "size", "meta", "box"):
            assert getattr(first, name) == getattr(second, name)
        for label, values in one.probabilities.items():
            np.testing.assert_allclose(other.probabilities[label], values, atol=2e-3)


@pytest.mark.usefixtures("on_the_cpu")
def test_photos_that_dali_does_not_decode_are_among_the_others(
    model: Path, tmp_path: Path, batches: list[type]
) -> None:
    paths = [
        photo(tmp_path / "0.jpg", (255, 0, 0)),
        photo(tmp_path / "1.png", (0, 0, 255)),
        photo(tmp_path / "2.jpg", (250, 0, 0), progressive=True),
        tmp_path / "3.jpg",
        photo(tmp_path / "4.jpg", (0, 0, 255)),
        photo(tmp_path / "5.jpg", (255, 0, 0)),
    ]
    paths[3].write_bytes(paths[0].read_bytes()[:700])
    opened = load_model(model)
    found = run(opened, events(*paths))
    assert batches == [DeviceImages] * 2
    assert isinstance(found[3], Failure)
    assert found[3] == run(opened, events(*paths), "cpu")[3]
    good = [one for one in found if isinstance(one, EventPrediction)]
    assert [one.top("species")[0] for one in good] == ["fox", "wolf", "fox", "wolf", "fox"]


@pytest.mark.usefixtures("on_the_cpu")
def test_photos_in_memory_and_pixels_are_among_the_others(
    model: Path, tmp_path: Path, batches: list[type]
) -> None:
    red = photo(tmp_path / "red.jpg", (255, 0, 0)).read_bytes()
    blue = np.zeros((20, 30, 3), np.uint8)
    blue[..., 2] = 255
    found = run(load_model(model), [Event("e", ("a", "b"), {}, in_memory=(red, blue))])
    assert batches == [DeviceImages]
    assert probabilities([found[0].images[0]])[0, 0] > 0.7
    assert probabilities([found[0].images[1]])[0, 0] < 0.3


@pytest.mark.usefixtures("on_the_cpu")
def test_crops_are_decoded_on_the_cpu(
    build_model: Callable[..., Path], tmp_path: Path, batches: list[type]
) -> None:
    path = photo(tmp_path / "red.jpg", (255, 0, 0))
    model = load_model(build_model(crop_margin=0.0))
    box = Box(0.25, 0.25, 0.5, 0.5)
    found = run(model, [Event("e", (str(path),), {}, boxes=(box,))])
    assert batches == [np.ndarray]
    assert found[0].images[0].box == box
    assert run(model, events(path))[0].images[0].box is None
    assert batches == [np.ndarray, DeviceImages]


@pytest.mark.usefixtures("on_the_cpu")
def test_batch_that_dali_fails_on_is_decoded_on_the_cpu(
    model: Path, tmp_path: Path, batches: list[type], caplog: pytest.LogCaptureFixture
) -> None:
    red, blue = photo(tmp_path / "0.jpg", (255, 0, 0)), photo(tmp_path / "2.jpg", (0, 0, 255))
    bad = tmp_path / "1.jpg"
    data = red.read_bytes()
    table = data.index(b"\xff\xc4") + 5
    bad.write_bytes(data[:table] + b"\xff" * 16 + data[table + 16 :])
    opened, photos = load_model(model), events(red, bad, blue)
    found = run(opened, photos)
    assert batches == [np.ndarray]
    expected = run(opened, photos, "cpu")
    assert isinstance(found[1], Failure)
    assert found[1] == expected[1]
    np.testing.assert_array_equal(probabilities(found[::2]), probabilities(expected[::2]))
    (warning,) = caplog.messages
    assert warning.startswith("DALI failed on a batch, which the CPU decodes instead: ")


@pytest.mark.usefixtures("on_the_cpu")
def test_prefetched_photos_are_read_once_although_dali_fails(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_driver(*_: Any) -> Any:
        raise RuntimeError("no driver")

    file = io.BytesIO()
    Image.new("RGB", (24, 16), (255, 0, 0)).save(file, "JPEG")
    read: list[str] = []

    def download(path: str) -> bytes:
        read.append(path)
        return file.getvalue()

    monkeypatch.setattr(decoder_module, "build_pipeline", no_driver)
    opened, paths = load_model(model), [f"https://example.org/{number}.jpg" for number in range(9)]
    settings = PipelineConfig(RuntimeConfig(batch_size=2), decode="gpu")
    given = [Event(path, (path,), {}) for path in paths]
    results = predict(opened, make_postprocessor(opened.info), given, MEAN, settings, download)
    assert [result.prediction.top("species")[0] for result in results] == ["fox"] * 9
    assert sorted(read) == paths


@pytest.mark.usefixtures("on_the_cpu")
def test_answers_do_not_depend_on_the_batch(model: Path, shared: Path) -> None:
    photos = events(*sorted((shared / "data/camera-trap-photos").glob("b*.jpg")))
    opened = load_model(model)
    expected = probabilities(run(opened, photos, batch_size=8))
    np.testing.assert_array_equal(probabilities(run(opened, photos, batch_size=1)), expected)


def test_network_elsewhere_is_refused(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctc.inference.gpu_decode.device.require_gpu_decoding", lambda: None)
    with pytest.raises(UsageError, match="it runs on 'cpu': add --provider cuda"):
        run(load_model(model), events(Path("a.jpg")))
