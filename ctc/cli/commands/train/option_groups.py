"""The options of `ctc train`, by what they are about; each is named after its field in
TrainingConfig."""

from __future__ import annotations

import click

from ctc.cli.options.augmentation import AUGMENTATION_OPTIONS

UNIT_FRACTION = click.FloatRange(0, 1, max_open=True)
POSITIVE_FLOAT = click.FloatRange(min=0, min_open=True)
NON_NEGATIVE_FLOAT = click.FloatRange(min=0)
POSITIVE_INT = click.IntRange(min=1)
PIXELS = click.IntRange(1, 8192)
SAMPLING_METHODS = click.Choice(["natural", "balanced", "effective"])
IMAGE_CHOICES = click.Choice(["random", "first", "all", "grayscale_stacking"])

NETWORK = (
    click.option(
        "--backbone", required=True, metavar="NAME", help="The network; `ctc plugins` lists them."
    ),
    click.option("--height", type=PIXELS, help="Pixels; the backbone's own unless given."),
    click.option("--width", type=PIXELS, help="Pixels; the backbone's own unless given."),
    click.option(
        "--weights",
        metavar="NAME|FILE",
        help="Begin with weights learnt elsewhere, such as imagenet.",
    ),
    click.option(
        "--transfer",
        type=click.Choice(["last-layer", "all-layers"]),
        help="What of --from learns on (all).",
    ),
    click.option(
        "--freeze",
        metavar="none|backbone|until:LAYER",
        help="Layers that keep their weights (none).",
    ),
    click.option(
        "--head-epochs",
        type=click.IntRange(min=0),
        help="So many epochs with a frozen backbone first (0).",
    ),
)

LOSS = (
    click.option(
        "--loss",
        type=click.Choice(["cross-entropy", "focal"]),
        help="Focal looks away from what is easy.",
    ),
    click.option(
        "--label-smoothing",
        type=UNIT_FRACTION,
        help="Share of the target spread over all classes (0).",
    ),
    click.option(
        "--class-weights",
        metavar="none|balanced|effective|FILE",
        help="Let rare classes count more (none).",
    ),
    click.option(
        "--sampling", type=SAMPLING_METHODS, help="Or let rare classes come more often (natural)."
    ),
    click.option(
        "--sampling-label",
        metavar="LABEL",
        help="Whose classes --sampling goes by; the first --label's.",
    ),
)

DATA = (
    click.option(
        "--loader", metavar="NAME", help="auto, turbo, dali, tfdata or a plugin's (auto)."
    ),
    click.option(
        "--resize",
        type=click.Choice(["stretch", "fit-crop"]),
        help="Stretch, or keep the aspect and crop.",
    ),
    click.option("--image-choice", type=IMAGE_CHOICES, help="Which photo of an event."),
    click.option(
        "--observation",
        type=click.Choice(["first", "random"]),
        help="Which of an event's in training.",
    ),
    click.option(
        "--on-bad-record",
        type=click.Choice(["fail", "skip"]),
        help="What to do about damaged records (fail).",
    ),
    *AUGMENTATION_OPTIONS,
    click.option("--threads", type=POSITIVE_INT, help="For loading; all processors unless given."),
)

OPTIMIZATION = (
    click.option("--batch-size", type=POSITIVE_INT, help="Photos per step."),
    click.option(
        "--accumulate",
        type=POSITIVE_INT,
        help="Take each batch in so many parts, which needs less memory.",
    ),
    click.option("--epochs", type=POSITIVE_INT, help="At most so many."),
    click.option("--steps-per-epoch", type=POSITIVE_INT, help="End an epoch early."),
    click.option(
        "--optimizer", type=click.Choice(["sgd", "rmsprop", "adamw"]), help="How to descend."
    ),
    click.option(
        "--learning-rate",
        type=POSITIVE_FLOAT,
        help="At the start: sgd 0.01, rmsprop and adamw 0.001.",
    ),
    click.option(
        "--weight-decay", type=NON_NEGATIVE_FLOAT, help="sgd and rmsprop 0.0001, adamw 0.01."
    ),
    click.option("--clip-norm", type=POSITIVE_FLOAT, help="Shorten gradients that are longer."),
    click.option(
        "--schedule",
        type=click.Choice(["plateau", "cosine"]),
        help="How the learning rate falls (plateau).",
    ),
    click.option(
        "--warmup-epochs",
        type=NON_NEGATIVE_FLOAT,
        help="To come up to the learning rate: cosine 1, plateau 0.",
    ),
    click.option(
        "--reduce-lr-patience",
        type=POSITIVE_INT,
        help="Epochs without a lower loss until it slows down.",
    ),
    click.option(
        "--reduce-lr-factor",
        type=click.FloatRange(0, 1, True, True),
        help="Factor of the learning rate.",
    ),
    click.option(
        "--min-learning-rate", type=NON_NEGATIVE_FLOAT, help="It is never lowered below that."
    ),
    click.option(
        "--early-stopping-patience",
        type=POSITIVE_INT,
        help="Epochs without a lower loss until it stops.",
    ),
    click.option(
        "--mixed-precision",
        type=click.Choice(["none", "bfloat16", "float16"]),
        help="For GPUs: 16 bits.",
    ),
)

RUN = (
    click.option(
        "--seed", type=click.IntRange(0, 2**31 - 1), help="The same seed, the same start and order."
    ),
    click.option(
        "--deterministic/--no-deterministic",
        default=None,
        help="Slower, and to the bit the same each time.",
    ),
    click.option(
        "--checkpoint-minutes",
        type=POSITIVE_FLOAT,
        help="Within an epoch, keep a checkpoint as often as that (10).",
    ),
    click.option("--checkpoint-steps", type=POSITIVE_INT, help="And after so many steps."),
    click.option(
        "--tensorboard/--no-tensorboard", default=None, help="Write logs for TensorBoard."
    ),
    click.option(
        "--mlflow/--no-mlflow", default=None, help="Log to MLflow, at MLFLOW_TRACKING_URI."
    ),
)

DEVICES = (
    click.option("--devices", type=POSITIVE_INT, help="So many of this host, on JAX (1)."),
    click.option(
        "--hosts", type=POSITIVE_INT, help="So many that run this command together, on JAX (1)."
    ),
    click.option("--host-index", type=click.IntRange(min=0), help="Which of them this is, from 0."),
    click.option(
        "--coordinator", metavar="HOST:PORT", help="Where they meet: an address of host 0."
    ),
)
