"""Options of `ctc train` by topic; each is named after its field in TrainingConfig."""

from __future__ import annotations

import click

from ctc.cli.commands.train.training_option import option
from ctc.cli.options.augmentation import AUGMENTATION_OPTIONS
from ctc.cli.options.option import PluginName
from ctc.cli.options.values.paths import PATH_STR

UNIT_FRACTION = click.FloatRange(0, 1, max_open=True)
POSITIVE_FLOAT = click.FloatRange(min=0, min_open=True)
NON_NEGATIVE_FLOAT = click.FloatRange(min=0)
MIXING_ALPHA = click.FloatRange(0, 100)
POSITIVE_INT = click.IntRange(min=1)
PIXELS = click.IntRange(1, 8192)
SAMPLING_METHODS = click.Choice(["natural", "balanced", "effective", "sqrt"])
IMAGE_CHOICES = click.Choice(["random", "first", "all", "grayscale_stacking"])
HEIGHT_DEFAULT = "--width, or else the backbone's own size"
WIDTH_DEFAULT = "--height, or else the backbone's own size"

NETWORK = (
    option(
        "--backbone",
        required=True,
        type=PluginName(
            "Backbone",
            lambda record: f"{record.name} ({record.input_size[0]}×{record.input_size[1]})",
        ),
        metavar="NAME",
        help="Backbone network (height×width of its input).",
    ),
    option("--height", type=PIXELS, show_default=HEIGHT_DEFAULT, help="Input height, in pixels."),
    option("--width", type=PIXELS, show_default=WIDTH_DEFAULT, help="Input width, in pixels."),
    option(
        "--weights",
        metavar="NAME|FILE",
        show_default="random",
        help="Pretrained weights of the backbone, such as imagenet; a file, or a folder of "
        "KerasHub.",
    ),
    option(
        "--transfer",
        type=click.Choice(["last-layer", "all-layers"]),
        show_default="all-layers",
        help="Which layers to train after --from.",
    ),
    option("--freeze", metavar="none|backbone|until:LAYER", help="Layers to freeze."),
    option(
        "--head-epochs",
        type=click.IntRange(min=0),
        help="Train only the heads for the first N epochs.",
    ),
)

TEACHER = (
    option(
        "--teacher",
        type=PATH_STR,
        metavar="MODEL",
        show_default="none",
        help="Learn from the answers of this model file too (distillation); it has the labels and "
        "classes by name.",
    ),
    option(
        "--teacher-weight",
        type=click.FloatRange(0, 1, min_open=True),
        help="Share of the teacher's answers in the loss.",
    ),
    option(
        "--teacher-temperature",
        type=POSITIVE_FLOAT,
        help="Temperature of the teacher's and the network's answers; higher ones say more about "
        "the less probable classes.",
    ),
)

LOSS = (
    option(
        "--loss",
        type=click.Choice(["cross-entropy", "focal"]),
        help="Loss function; focal down-weights easy examples.",
    ),
    option(
        "--label-smoothing",
        type=UNIT_FRACTION,
        help="Label smoothing: share of the target that is spread over all classes.",
    ),
    option(
        "--class-weights",
        metavar="none|balanced|effective|sqrt|FILE",
        help="Per-class loss weights.",
    ),
    option(
        "--logit-adjustment",
        type=NON_NEGATIVE_FLOAT,
        metavar="TAU",
        help="Add TAU times the log of each class's share to the logits in the loss, for rare "
        "classes; 1 is usual, 0: off.",
    ),
    option(
        "--mixup",
        type=MIXING_ALPHA,
        metavar="ALPHA",
        help="MixUp: blend each photo with another one, by a share from Beta(ALPHA, ALPHA); "
        "0: off.",
    ),
    option(
        "--cutmix",
        type=MIXING_ALPHA,
        metavar="ALPHA",
        help="CutMix: replace a box of each photo by that of another one, its area from "
        "Beta(ALPHA, ALPHA); 0: off.",
    ),
    option("--sampling", type=SAMPLING_METHODS, help="Class-balanced sampling of events."),
    option(
        "--sampling-label",
        metavar="LABEL",
        show_default="the first --label",
        help="Label whose classes --sampling balances.",
    ),
)

DATA = (
    option(
        "--loader",
        type=PluginName("Loader"),
        metavar="NAME",
        help="Data loader; auto takes dali on a GPU, else turbo.",
    ),
    option(
        "--resize",
        type=click.Choice(["stretch", "fit-crop"]),
        help="Stretch photos to the input size, or keep the aspect ratio and crop.",
    ),
    option("--image-choice", type=IMAGE_CHOICES, help="How to pick a photo per event."),
    option(
        "--observation",
        type=click.Choice(["first", "random"]),
        help="How to pick an observation per event during training.",
    ),
    option(
        "--on-bad-record",
        type=click.Choice(["fail", "skip"]),
        help="What to do about damaged records.",
    ),
    *AUGMENTATION_OPTIONS,
    option("--threads", type=POSITIVE_INT, show_default="all", help="CPU cores for loading."),
)

OPTIMIZATION = (
    option(
        "--batch-size",
        type=POSITIVE_INT,
        show_default="8 to 128, by the number of train photos",
        help="Photos per step.",
    ),
    option(
        "--accumulate",
        type=POSITIVE_INT,
        help="Gradient accumulation steps: split each batch into N micro-batches to save memory.",
    ),
    option("--epochs", type=POSITIVE_INT, help="Maximum number of epochs."),
    option(
        "--steps-per-epoch",
        type=POSITIVE_INT,
        show_default="the whole train split",
        help="Limit the steps per epoch.",
    ),
    option("--optimizer", type=click.Choice(["sgd", "rmsprop", "adamw"]), help="Optimizer."),
    option("--learning-rate", type=POSITIVE_FLOAT, help="Initial learning rate."),
    option("--weight-decay", type=NON_NEGATIVE_FLOAT, help="Decoupled weight decay."),
    option(
        "--clip-norm",
        type=POSITIVE_FLOAT,
        show_default="no clipping",
        help="Clip gradients to this global norm.",
    ),
    option(
        "--layer-decay",
        type=click.FloatRange(0, 1, min_open=True),
        metavar="RATE",
        help="Multiply the learning rate by RATE for each group of layers from the heads down, "
        "for fine-tuning; 1: off.",
    ),
    option(
        "--ema",
        type=click.FloatRange(0, 1, min_open=True, max_open=True),
        metavar="DECAY",
        show_default="off",
        help="Validate and keep an exponential moving average of the weights, such as 0.999.",
    ),
    option("--schedule", type=click.Choice(["plateau", "cosine"]), help="Learning-rate schedule."),
    option("--warmup-epochs", type=NON_NEGATIVE_FLOAT, help="Linear warmup, in epochs."),
    option(
        "--reduce-lr-patience",
        type=POSITIVE_INT,
        help="Epochs without a lower validation loss before the learning rate is reduced.",
    ),
    option(
        "--reduce-lr-factor",
        type=click.FloatRange(0, 1, min_open=True, max_open=True),
        help="Factor by which the learning rate is reduced.",
    ),
    option(
        "--min-learning-rate",
        type=NON_NEGATIVE_FLOAT,
        help="Lower bound of the learning rate.",
    ),
    option(
        "--early-stopping-patience",
        type=POSITIVE_INT,
        help="Epochs without a lower validation loss, at one learning rate, before training stops.",
    ),
    option(
        "--mixed-precision",
        type=click.Choice(["none", "bfloat16", "float16"]),
        help="Mixed-precision policy, for GPUs.",
    ),
)

RUN = (
    option("--seed", type=click.IntRange(0, 2**31 - 1), help="Random seed."),
    option(
        "--deterministic/--no-deterministic",
        default=None,
        help="Bit-reproducible training (slower).",
    ),
    option(
        "--checkpoint-minutes",
        type=POSITIVE_FLOAT,
        help="Minutes between checkpoints within an epoch.",
    ),
    option(
        "--checkpoint-steps",
        type=POSITIVE_INT,
        show_default="by time only",
        help="Steps between checkpoints within an epoch.",
    ),
    option("--tensorboard/--no-tensorboard", default=None, help="Write TensorBoard logs."),
    option("--mlflow/--no-mlflow", default=None, help="Log to MLflow, at MLFLOW_TRACKING_URI."),
)

DEVICES = (
    option("--devices", type=POSITIVE_INT, help="Devices of this host to train on (JAX)."),
    option("--hosts", type=POSITIVE_INT, help="Number of processes (JAX)."),
    option("--host-index", type=click.IntRange(min=0), help="Rank of this process, from 0."),
    option("--coordinator", metavar="HOST:PORT", help="Address of rank 0."),
)
