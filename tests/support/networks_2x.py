"""The networks of camera-trap-classifier 2.1 once more, in Keras 3, independent of ctc's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3)}


def network(name: str, size: tuple[int, int], labels: Mapping[str, int]) -> Any:
    """Return a network of 2.x with an output for each label."""
    import keras
    from keras import layers

    keras.utils.clear_session()  # numbers of layers begin anew
    photos = keras.Input((*size, 3), name="images")
    if name == "small_cnn":
        features = photos
        for filters in (32, 32, 64):
            features = layers.Conv2D(filters, (3, 3), activation="relu")(features)
            features = layers.MaxPooling2D((2, 2))(features)
        features = layers.Dense(64, activation="relu")(layers.Flatten()(features))
        features = layers.Dropout(0.5)(features)
    elif name.startswith("ResNet"):
        features = _resnet(photos, int(name[6:]))
    else:
        base = getattr(keras.applications, name)(
            include_top=False, weights=None, input_tensor=photos, pooling="avg"
        )
        photos, features = base.inputs[0], base.output
    heads = [
        layers.Dense(size, activation="softmax", name=label)(features)
        for label, size in labels.items()
    ]
    return keras.Model(photos, heads)


def _resnet(photos: Any, depth: int) -> Any:
    from keras import layers

    x = layers.Conv2D(64, 7, strides=2, padding="same")(photos)
    x = layers.Activation("relu")(layers.BatchNormalization(axis=3)(x))
    x = layers.MaxPooling2D((3, 3), strides=(2, 2), padding="same")(x)
    for stage, repetitions in enumerate(BLOCKS[depth]):
        for repetition in range(repetitions):
            stride = 2 if repetition == 0 and stage > 0 else 1
            start = stage == 0 and repetition == 0
            x = _block(x, 64 * 2**stage, stride, depth >= 50, start)
    x = layers.Activation("relu")(layers.BatchNormalization(axis=3)(x))
    x = layers.AveragePooling2D(pool_size=tuple(x.shape[1:3]), strides=(1, 1))(x)
    return layers.Flatten()(x)


def _block(x: Any, filters: int, stride: int, deep: bool, start: bool) -> Any:
    from keras import layers

    def active(y: Any) -> Any:
        return layers.Activation("relu")(layers.BatchNormalization(axis=3)(y))

    kernels = ((filters, 1), (filters, 3), (4 * filters, 1)) if deep else ((filters, 3),) * 2
    y = x
    for position, (width, kernel) in enumerate(kernels):
        if position or not start:
            y = active(y)
        y = layers.Conv2D(width, kernel, strides=1 if position else stride, padding="same")(y)
    shortcut = x
    if x.shape[1:] != y.shape[1:]:
        shortcut = layers.Conv2D(y.shape[-1], 1, strides=stride, padding="valid")(x)
    return layers.Add()([shortcut, y])
