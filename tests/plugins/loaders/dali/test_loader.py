"""Tests of the loader `dali` besides the contract of all loaders.

Without a GPU the portable pipeline runs on the CPU, with the same operators except the decoder.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.event_record import EventRecord
from ctc.errors import InputError
from ctc.images import encode_jpeg
from ctc.plugin import NO_AUGMENTATION, Augmentation, Batch, LoaderConfig
from ctc_plugins.loaders.dali import device as dali_device
from ctc_plugins.loaders.dali import graph
from ctc_plugins.loaders.dali import loader as dali
from ctc_plugins.loaders.dali.device import DaliDevice, default_device
from ctc_plugins.loaders.dali.output import as_tensor
from ctc_plugins.loaders.turbo import loader as turbo

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="NVIDIA DALI runs on Linux only"),
    pytest.mark.slow,
]

TRAIN = LoaderConfig(32, 40, ("species", "count"), batch_size=4, augmentation=Augmentation())
ON_CPU, AS_ON_GPU = DaliDevice(), DaliDevice(is_portable=True)
WINDOWED = replace(NO_AUGMENTATION, crop=0.5, zoom=0.5, rotate=180.0, flip=True)


def epoch(
    dataset: Dataset, config: LoaderConfig, device: DaliDevice = ON_CPU, index: int = 0
) -> list[Batch]:
    assert config.augmentation is not None
    stream = dali.DaliTrainingStream(dataset, "train", config, config.augmentation, device)
    with closing(stream):
        return list(stream.epoch(index))


def images(found: list[Batch]) -> np.ndarray:
    return np.concatenate([batch.images for batch in found]).astype(np.int16)


def workers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("ctc-dali")]


def event(*jpegs: bytes, size: tuple[int, int] = (48, 64)) -> EventRecord:
    paths = tuple(f"{i}.jpg" for i in range(len(jpegs)))
    return EventRecord("an event", jpegs, (size,) * len(jpegs), {"species": (0,)}, paths, {})


def noise(seed: int) -> bytes:
    return encode_jpeg(
        np.random.default_rng(seed).integers(0, 256, (48, 64, 3), dtype=np.uint8), 90
    )


def without_its_quantization_table(jpeg: bytes) -> bytes:
    """Return a JPEG with a valid header that no decoder can decode."""
    frame = jpeg.find(b"\xff\xc0")
    return jpeg[: frame + 12] + b"\x03" + jpeg[frame + 13 :]


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("driver_gpus", "keras_device", "expected"),
    [
        (0, "cpu:0", DaliDevice()),
        (1, "cpu:0", DaliDevice()),
        (1, "gpu:0", DaliDevice(gpu=0, is_portable=True)),
    ],
)
def test_default_device_is_where_keras_computes(
    monkeypatch, driver_gpus, keras_device, expected
) -> None:
    import keras

    monkeypatch.setattr(dali_device, "nvidia_gpus", lambda: driver_gpus)
    monkeypatch.setattr(keras.distribution, "list_devices", lambda: [keras_device])
    assert default_device() == expected


def test_available_on_linux_only(monkeypatch) -> None:
    assert dali.available() is None
    monkeypatch.setattr(sys, "platform", "darwin")
    assert dali.available() == "NVIDIA DALI runs on Linux only"


def test_available_names_extra_without_dali(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "nvidia", None)
    assert "camera-trap-classifier[dali]" in str(dali.available())


@pytest.mark.subprocess
def test_default_device_is_cpu_without_visible_gpu() -> None:
    code = "from ctc_plugins.loaders.dali.device import default_device; print(default_device())"
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == "DaliDevice(gpu=None, is_portable=False)\n"


@pytest.mark.subprocess
def test_open_split_for_evaluation_does_not_import_dali(tiny_dataset) -> None:
    code = (
        "import sys, pathlib\n"
        "from ctc.artifacts.dataset import Dataset\n"
        "from ctc.plugin import LoaderConfig\n"
        "from ctc_plugins.loaders.dali.loader import open_split\n"
        "dataset = Dataset.read(pathlib.Path(sys.argv[1]))\n"
        "stream = open_split(dataset, 'train', LoaderConfig(32, 40, ('species',)))\n"
        "print(len(next(stream.epoch(0)).images), 'nvidia.dali' in sys.modules)\n"
    )
    folder = str(tiny_dataset().folder)
    run = subprocess.run(
        [sys.executable, "-c", code, folder], capture_output=True, text=True, check=True
    )
    assert run.stdout == "12 False\n"


@pytest.mark.parametrize("choice", ["first", "grayscale_stacking"])
@pytest.mark.parametrize("resize", ["stretch", "fit-crop"])
@pytest.mark.parametrize(
    ("size", "max_difference"),
    [((224, 224), 1.0), ((384, 512), 0.6), ((50, 50), 1.2), ((299, 299), 4.5)],
)
def test_unaugmented_images_are_close_to_evaluation_path(
    real_dataset, size, max_difference, resize, choice
) -> None:
    """At 299 px the evaluation path averages areas, the affine transform interpolates linearly."""
    config = LoaderConfig(*size, ("species",), image_choice=choice, resize=resize, shuffle=False)
    reference = images(list(dali.open_split(real_dataset, "train", config).epoch(0)))
    ours = images(
        list(
            dali.open_split(
                real_dataset, "train", replace(config, augmentation=NO_AUGMENTATION)
            ).epoch(0)
        )
    )
    assert np.abs(ours - reference).mean() < max_difference


@pytest.mark.parametrize("device", [ON_CPU, AS_ON_GPU], ids=["cpu", "as on gpu"])
@pytest.mark.parametrize("choice", ["random", "grayscale_stacking"])
@pytest.mark.parametrize(
    "augmentation",
    [Augmentation(), replace(WINDOWED, preserve_aspect=True)],
    ids=["default", "much"],
)
def test_augmented_images_are_close_to_turbo(real_dataset, device, choice, augmentation) -> None:
    config = LoaderConfig(224, 224, ("species",), image_choice=choice, augmentation=augmentation)
    turbo_batches = list(turbo.open_split(real_dataset, "train", config).epoch(0))
    assert np.abs(images(epoch(real_dataset, config, device)) - images(turbo_batches)).mean() < 1.2


@pytest.mark.parametrize(
    "augmentation", [Augmentation(), WINDOWED, NO_AUGMENTATION], ids=["default", "much", "none"]
)
@pytest.mark.parametrize("choice", ["all", "grayscale_stacking"])
def test_portable_operators_give_same_images(tiny_dataset, augmentation, choice) -> None:
    dataset = tiny_dataset(smallest_side=150)
    config = replace(TRAIN, image_choice=choice, augmentation=augmentation)
    difference = images(epoch(dataset, config, AS_ON_GPU)) - images(epoch(dataset, config))
    assert np.abs(difference).mean() < 0.3


@pytest.mark.parametrize("choice", ["random", "grayscale_stacking"])
def test_batches_do_not_depend_on_threads(tiny_dataset, choice) -> None:
    dataset = tiny_dataset()
    one, three = (epoch(dataset, replace(TRAIN, threads=n, image_choice=choice)) for n in (1, 3))
    assert np.array_equal(images(one), images(three))


@pytest.mark.parametrize("color", ["none", "full_randomized"])
def test_kept_batches_are_not_overwritten(tiny_dataset, color) -> None:
    dataset = tiny_dataset({"train": 60})
    config = replace(TRAIN, augmentation=Augmentation(color=color))
    kept = epoch(dataset, config)
    copies = [batch.images.copy() for batch in dali.open_split(dataset, "train", config).epoch(0)]
    assert all(np.array_equal(batch.images, copy) for batch, copy in zip(kept, copies, strict=True))


@pytest.mark.tensorflow
def test_as_tensor_shares_memory_with_tensorflow() -> None:
    tf = pytest.importorskip(
        "tensorflow", reason="needs TensorFlow: pip install camera-trap-classifier[train]"
    )
    pipeline = counting_pipeline()
    kept = [as_tensor(pipeline.run()[0], "tensorflow") for _ in range(6)]
    assert all(isinstance(tensor, tf.Tensor) for tensor in kept)
    assert [tensor.numpy().max() for tensor in kept] == [0, 1, 2, 3, 4, 5]
    (output,) = pipeline.run()
    assert (
        np.asarray(memoryview(as_tensor(output, "tensorflow"))).__array_interface__["data"][0]
        == output.as_tensor().data_ptr()
    )


def test_as_tensor_returns_array_without_dlpack() -> None:
    tensor = as_tensor(counting_pipeline().run()[0], "numpy")
    assert (type(tensor), tensor.shape, tensor.dtype) == (np.ndarray, (2, 8, 8, 3), np.uint8)


def counting_pipeline():
    """Return a DALI pipeline of batches filled with 0, 1, 2, …"""
    from nvidia.dali import fn, pipeline_def

    numbers = iter(range(100))

    @pipeline_def(batch_size=2, num_threads=1, device_id=None)
    def count():
        return fn.copy(
            fn.external_source(source=lambda: np.full((2, 8, 8, 3), next(numbers), np.uint8))
        )

    return count()


@pytest.mark.parametrize("device", [ON_CPU, AS_ON_GPU], ids=["cpu", "as on gpu"])
def test_undecodable_photo_is_named(dataset_of, device) -> None:
    bad = event(noise(6), without_its_quantization_table(noise(7)))
    dataset = dataset_of(
        {"train": [event(noise(i)) for i in range(6)] + [bad]}, {"species": ("none",)}
    )
    config = replace(TRAIN, labels=("species",), image_choice="all")
    offset = (
        (dataset.folder / dataset.shards("train")[0].index_file)
        .read_text()
        .splitlines()[6]
        .split()[0]
    )
    with pytest.raises(
        InputError, match=rf"\.tfrecord' at offset {offset}: photo 1: quantization table"
    ):
        epoch(dataset, config, device)


def test_undecodable_photo_is_replaced(dataset_of) -> None:
    photos = [noise(i) for i in range(24)]
    broken = without_its_quantization_table(photos[6])
    dataset = dataset_of(
        {"train": [event(broken if i == 6 else jpeg) for i, jpeg in enumerate(photos)]},
        {"species": ("none",)},
    )
    config = replace(
        TRAIN,
        labels=("species",),
        augmentation=NO_AUGMENTATION,
        on_bad_record="skip",
        shuffle=False,
    )
    stream = dali.open_split(dataset, "train", config)
    first, second = (images(list(stream.epoch(index))) for index in (0, 1))
    assert len(first) == 24
    assert np.array_equal(first[6], first[7])
    assert len(np.unique(first.reshape(24, -1), axis=0)) == 23
    assert np.array_equal(first, second)
    assert stream.skipped == 1


def test_undecodable_batch_is_replaced(dataset_of) -> None:
    photos = [without_its_quantization_table(noise(i)) for i in range(8)] + [noise(8)]
    dataset = dataset_of({"train": [event(jpeg) for jpeg in photos]}, {"species": ("none",)})
    config = replace(
        TRAIN,
        labels=("species",),
        augmentation=NO_AUGMENTATION,
        on_bad_record="skip",
        shuffle=False,
    )
    stream = dali.open_split(dataset, "train", config)
    assert len(np.unique(images(list(stream.epoch(0))).reshape(9, -1), axis=0)) == 1
    assert stream.skipped == 8


@pytest.mark.parametrize("fraction", [0.5, 0.99])
def test_truncated_photo_is_rejected(dataset_of, fraction) -> None:
    cut = noise(0)[: int(fraction * len(noise(0)))]
    dataset = dataset_of({"train": [event(cut), event(noise(1))]}, {"species": ("none",)})
    with pytest.raises(InputError, match="at offset 0: photo 0: the JPEG is cut"):
        epoch(dataset, replace(TRAIN, labels=("species",)))


def test_data_after_the_jpeg_is_accepted(dataset_of) -> None:
    dataset = dataset_of(
        {"train": [event(noise(0)), event(noise(0) + b"of the maker")]}, {"species": ("none",)}
    )
    config = replace(TRAIN, labels=("species",), augmentation=NO_AUGMENTATION)
    plain, longer = images(epoch(dataset, config))
    assert np.array_equal(plain, longer)


def test_grey_photo_stays_grey(dataset_of) -> None:
    import simplejpeg

    grey = simplejpeg.encode_jpeg(np.full((48, 64, 1), 99, np.uint8), 90, "GRAY")
    dataset = dataset_of({"train": [event(grey)]}, {"species": ("none",)})
    config = replace(TRAIN, labels=("species",), augmentation=NO_AUGMENTATION)
    assert np.ptp(images(epoch(dataset, config))) == 0


@pytest.mark.parametrize("how", ["batches", "stream"])
def test_closing_early_ends_threads(tiny_dataset, how) -> None:
    stream = dali.open_split(tiny_dataset({"train": 60}), "train", TRAIN)
    batches = stream.epoch(0)
    next(batches)
    assert workers()
    {"batches": batches, "stream": stream}[how].close()
    assert not workers()


def test_closed_stream_can_be_read_again(tiny_dataset) -> None:
    stream = dali.open_split(tiny_dataset(), "train", TRAIN)
    first = images(list(stream.epoch(0)))
    stream.close()
    assert np.array_equal(first, images(list(stream.epoch(0))))


def test_bad_record_ends_threads(tiny_dataset) -> None:
    dataset = tiny_dataset({"train": 60})
    path = dataset.folder / dataset.shards("train")[0].file
    data = bytearray(path.read_bytes())
    data[5000] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(InputError, match="checksum"):
        epoch(dataset, TRAIN)
    assert not workers()


def test_next_pipeline_is_built_while_the_last_epoch_is_validated(tiny_dataset, monkeypatch):
    built: list[str] = []
    build = dali.build_pipeline

    def building(*arguments):
        built.append(threading.current_thread().name.split("_")[0])
        return build(*arguments)

    monkeypatch.setattr(dali, "build_pipeline", building)
    dataset = tiny_dataset()
    stream = dali.DaliTrainingStream(dataset, "train", TRAIN, TRAIN.augmentation, AS_ON_GPU)
    epochs = [list(stream.epoch(index)) for index in (0, 1)]
    again = list(stream.epoch(1))
    stream.close()
    # the third of epoch 2 and the one of epoch 1 again are built at the same time
    assert sorted(built) == ["ctc-dali"] * 2 + ["ctc-dali-next"] * 3
    expected = images(epoch(dataset, TRAIN, AS_ON_GPU, 1))
    np.testing.assert_array_equal(images(epochs[1]), expected)
    np.testing.assert_array_equal(images(again), expected)
    assert not workers()


def test_dali_out_of_memory_is_no_photos_fault(tiny_dataset, monkeypatch):
    """The trainer sees DALI's error, and takes smaller micro-batches."""

    class Exhausted:
        def run(self):
            raise RuntimeError("Error in GPU operator `Resize`: CUDA allocation failed")

    monkeypatch.setattr(dali, "build_pipeline", lambda *_: Exhausted())
    stream = dali.DaliTrainingStream(tiny_dataset(), "train", TRAIN, TRAIN.augmentation, AS_ON_GPU)
    with pytest.raises(RuntimeError, match="CUDA allocation failed"):
        list(stream.epoch(0))
    stream.close()


def test_gpu_graph_decodes_with_the_hardware_and_unpinned_threads(monkeypatch):
    """The graph is built at the level of Python, for which no GPU is needed."""
    from nvidia.dali import fn, pipeline_def

    decoders = []
    image = fn.decoders.image
    monkeypatch.setattr(
        fn.decoders, "image", lambda *given, **how: decoders.append(how) or image(*given, **how)
    )
    on_gpu = DaliDevice(gpu=0, is_portable=True)
    config = graph.DaliConfig.from_config(TRAIN, TRAIN.augmentation, on_gpu)
    define = pipeline_def(batch_size=4, num_threads=1, device_id=0, enable_conditionals=True)
    assert define(graph._graph)(iter([]), config) is not None
    (how,) = decoders
    assert (how["device"], how["affine"]) == ("mixed", False)
    assert how["hw_decoder_load"] == graph.HW_DECODER_LOAD
