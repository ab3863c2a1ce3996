"""Options of the commands that show the page of a review: review and label."""

from __future__ import annotations

import click

from ctc.artifacts.review.records import ROLES, ReviewLabel
from ctc.cli.options.option import Decorator, option
from ctc.cli.options.server import ALLOWED_HOST, HOST, PORT
from ctc.cli.options.values.paths import PATH
from ctc.errors import UsageError, shorten

STORE = option(
    "--store", type=PATH, required=True, help="File with all answers, such as review.sqlite."
)


def _parse_labels(
    _: click.Context, __: click.Parameter, given: tuple[str, ...]
) -> tuple[ReviewLabel, ...]:
    """Return labels of words NAME, whose classes are typed as one goes, and NAME=CLASS,CLASS."""
    labels = []
    for text in given:
        name, sign, classes = text.partition("=")
        names = tuple(dict.fromkeys(filter(None, (one.strip() for one in classes.split(",")))))
        if not name.strip() or (sign and not names):
            raise UsageError(
                f"--label '{shorten(text)}' is not NAME or NAME=CLASS,CLASS: 'sex=female,male'"
            )
        labels.append(ReviewLabel(name.strip(), names, is_open=not names))
    if len({label.name for label in labels}) < len(labels):
        raise UsageError("two --label have the same name: give each once")
    return tuple(labels)


def labels_option(text: str, default: str = "none") -> Decorator:
    """Return the option --label; `text` says what its labels are for."""
    return option(
        "--label",
        "labels",
        multiple=True,
        callback=_parse_labels,
        metavar="NAME[=CLASS,…]",
        show_default=default,
        help=f"{text}; without classes, they are typed as one goes. Repeatable.",
    )


TARGETS = (
    option(
        "--audit-precision",
        "precision",
        type=click.FloatRange(0, 1, min_open=True, max_open=True),
        default=0.95,
        help="What the audit is to show: the least share of a class's answers that is right.",
    ),
    option(
        "--audit-animals-lost",
        "animals_lost",
        type=click.FloatRange(0, 1, min_open=True, max_open=True),
        default=0.02,
        help="The largest share of the events with animals that is called empty, or dropped.",
    ),
    option(
        "--audit-confidence",
        "confidence",
        type=click.FloatRange(0, 1, min_open=True, max_open=True),
        default=0.95,
        help="How sure the audit is of each claim that it shows.",
    ),
)
"""What a random audit is to show; the names are those of `Targets`."""
TARGET_NAMES = ("precision", "animals_lost", "confidence")

PAGE = (
    option(
        "--reviewer",
        metavar="NAME",
        show_default="the name of this machine's user",
        help="Who answers, where no token is asked for.",
    ),
    option(
        "--role",
        type=click.Choice(ROLES),
        default="reviewer",
        help="Role without a token: a lead sees all answers, and settles disagreements.",
    ),
    option(
        "--taxonomy",
        type=PATH,
        metavar="FILE",
        show_default="none",
        help="CSV with other names of classes, which may be typed as well.",
    ),
    HOST,
    PORT,
    ALLOWED_HOST,
    option(
        "--token-file",
        type=PATH,
        metavar="FILE",
        show_default="none",
        help="CSV with the columns name, role and token: who may answer; the page asks for it.",
    ),
    option(
        "--thumbnail-cache",
        type=click.FloatRange(0),
        default=1000.0,
        help="Megabytes of small photos that are kept in the cache folder.",
    ),
    option("--no-browser", is_flag=True, help="Do not open the page in a browser."),
)
"""What the page shows, and to whom."""
PAGE_NAMES = (
    *("reviewer", "role", "taxonomy", "host", "port", "allowed_hosts", "token_file"),
    *("thumbnail_cache", "no_browser"),
)
