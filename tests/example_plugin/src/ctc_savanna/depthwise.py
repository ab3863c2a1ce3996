"""A backbone of depthwise separable convolutions."""

from ctc.plugin import Backbone, hookimpl

FILTERS = (32, 64, 128, 256)


@hookimpl
def ctc_backbones():
    return [
        Backbone(
            "depthwise",
            "depthwise convolutions, 48,000 weights, small enough for a camera",
            (96, 96),
            build,
        )
    ]


def build(shape):
    """Build the network from standardised images (N, height, width, 3) to features (N, 256)."""
    from keras import Input, Model, layers

    images = Input(shape)
    features = layers.Conv2D(16, 3, strides=2, padding="same", use_bias=False)(images)
    for filters in FILTERS:
        features = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(features)
        features = layers.Conv2D(filters, 1, use_bias=False)(features)
        features = layers.BatchNormalization(momentum=0.9)(features)
        features = layers.ReLU(max_value=6)(features)
        features = layers.MaxPooling2D(2, padding="same")(features)
    return Model(images, layers.GlobalAveragePooling2D()(features), name="depthwise")
