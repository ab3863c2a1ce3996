"""From one run to another, and from a frozen backbone to a free one."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from ctc.artifacts.run import Run
from ctc.errors import InputError, UsageError
from ctc.plugin import Backbone
from ctc.plugin.manager import KINDS, LoadedRecord, Owner, Plugins
from ctc.training.model.network import get_backbone, load_network
from ctc.training.run_training import resume, train
from ctc.training.trainer.checkpoints import Checkpoints

pytestmark = pytest.mark.tensorflow


@pytest.fixture
def earlier(config, one_epoch) -> Run:
    """A run that learnt the species."""
    return Run(Path(shutil.copytree(one_epoch.run.folder, f"{config.output}-earlier")))


@pytest.fixture
def later(config, earlier):
    """Learns another label, at another size."""
    return replace(
        config, labels=("count",), start_from=str(earlier.folder), height=24, width=24, epochs=1
    )


def _backbone(run: Run, plugins) -> list[np.ndarray]:
    return [weight.numpy() for weight in get_backbone(load_network(run, plugins)).weights]


def test_transfer_last_layer_keeps_backbone_weights(later, earlier, plugins_with_arrays, reporter):
    run = train(replace(later, transfer="last-layer"), plugins_with_arrays, reporter).run
    for before, after in zip(
        _backbone(earlier, plugins_with_arrays), _backbone(run, plugins_with_arrays), strict=True
    ):
        np.testing.assert_array_equal(before, after)
    assert run.read().labels == {"count": ("1", "2+")}


def test_transfer_all_layers_starts_from_backbone_weights(
    later, earlier, plugins_with_arrays, reporter
):
    slow = replace(later, transfer="all-layers", learning_rate=1e-3)
    run = train(slow, plugins_with_arrays, reporter).run
    before, after = (_backbone(one, plugins_with_arrays)[0] for one in (earlier, run))
    np.testing.assert_allclose(before, after, atol=1e-2)
    assert np.abs(before - after).max() > 0


def test_channel_statistics_are_those_of_the_initial_weights(
    later, earlier, plugins_with_arrays, reporter
):
    earlier.write(replace(earlier.read(), channel_mean=(0.1, 0.2, 0.3)))
    assert train(later, plugins_with_arrays, reporter).run.read().channel_mean == (0.1, 0.2, 0.3)


def test_resume_does_not_need_the_run_of_the_initial_weights(
    later, earlier, plugins_with_arrays, reporter
):
    earlier.write(replace(earlier.read(), channel_mean=(0.1, 0.2, 0.3)))
    train(later, plugins_with_arrays, reporter)
    earlier.folder.rename(f"{earlier.folder}-gone")
    result = resume(replace(later, epochs=2), plugins_with_arrays, reporter)
    assert len(result.epochs) == 2
    assert result.run.read().channel_mean == (0.1, 0.2, 0.3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"backbone": "resnet18"},
            "holds a 'small_cnn': its weights don't fit a 'resnet18'",
        ),
        ({"start_from": "model.keras"}, "loading it could run code from the file"),
        ({"start_from": "nowhere"}, "run 'nowhere' does not exist: make one with `ctc train`"),
        ({"weights": "imagenet"}, "leave one out"),
        ({"start_from": None, "transfer": "last-layer"}, "name it with --from"),
    ],
)
def test_resolve_initial_weights_rejects_unusable_source(
    later, plugins_with_arrays, reporter, changes, message
):
    with pytest.raises(UsageError, match=message):
        train(replace(later, **changes), plugins_with_arrays, reporter)
    assert not Path(later.output).exists()


def _sized(shape: tuple[int, int, int]) -> keras.Model:
    """A network for just one size of pictures."""
    images = keras.Input(shape)
    return keras.Model(images, keras.layers.Dense(4)(keras.layers.Flatten()(images)))


def test_load_backbone_names_layer_and_shapes_of_mismatch(config, plugins_with_arrays, reporter):
    kind = next(kind for kind in KINDS if kind.record_type is Backbone)
    sized = LoadedRecord(
        kind, Backbone("sized", "", (16, 16), _sized), Owner("sized", "tests", "1")
    )
    plugins = Plugins([*plugins_with_arrays.loaded, sized])
    small = replace(config, backbone="sized", height=4, width=4, epochs=1)
    train(small, plugins, reporter)
    large = replace(
        small, start_from=small.output, output=f"{small.output}-large", height=5, width=5
    )
    with pytest.raises(
        InputError,
        match=r"its '.*/kernel' has the shape \(48, 4\), the network's '.*/kernel' \(75, 4\)",
    ):
        train(large, plugins, reporter)
    assert not Path(large.output).exists()


def test_head_epochs_train_heads_first(later, earlier, plugins_with_arrays, reporter):
    first = train(replace(later, head_epochs=1), plugins_with_arrays, reporter).run
    before = _backbone(earlier, plugins_with_arrays)
    for one, other in zip(before, _backbone(first, plugins_with_arrays), strict=True):
        np.testing.assert_array_equal(one, other)
    second = resume(replace(later, head_epochs=1, epochs=2), plugins_with_arrays, reporter).run
    arrays = Checkpoints(second.checkpoints).latest().arrays
    first_kernel = next(array for name, array in arrays.items() if name.startswith("network/0000/"))
    assert np.abs(first_kernel - before[0]).max() > 0


def test_head_epochs_resumed_give_the_same_weights(later, plugins_with_arrays, reporter):
    phases = replace(later, head_epochs=1, epochs=2, deterministic=True)
    whole = train(
        replace(phases, output=f"{later.output}-whole"), plugins_with_arrays, reporter
    ).run
    train(replace(phases, epochs=1), plugins_with_arrays, reporter)
    broken = resume(phases, plugins_with_arrays, reporter).run
    one, other = (Checkpoints(run.checkpoints).latest().arrays for run in (whole, broken))
    for first, second in zip(one.values(), other.values(), strict=True):
        np.testing.assert_array_equal(first, second)
