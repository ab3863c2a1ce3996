"""Rendering of the HTML templates into one self-contained file.

All values are escaped, style and script are inline, and the content security policy forbids
loading anything.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ctc._version import __version__
from ctc.evaluation.html.charts import share_bar
from ctc.evaluation.html.formatting import (
    describe_refusal,
    describe_scope,
    format_estimate,
    format_interval,
    format_new_range,
    format_percent,
)
from ctc.storage.atomic import write_text

REPORT_FILE = "report.html"
_PACKAGE = "ctc.evaluation.html"


def write_page(
    path: Path,
    template: str,
    values: Mapping[str, Any],
    scripts: Sequence[str] = ("page.js",),
    package: str = _PACKAGE,
) -> None:
    """Render `template` with `values` to `path`; names that are not Unicode are escaped.

    `scripts`: the templates' scripts that the page runs. `package`: the one whose `templates` are
    looked through before those of the evaluation.
    """
    environment = _environment(package)
    style = _load_source(environment, "style.css")
    script = "\n".join(_load_source(environment, name) for name in scripts)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    text = environment.get_template(template).render(
        values,
        style=Markup(style),
        script=Markup(script),
        script_digest=digest,
        version=__version__,
    )
    write_text(path, text.encode(errors="backslashreplace").decode())


def _environment(package: str) -> Environment:
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader(_PACKAGE)]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "in_words": format_estimate,
        "interval": format_interval,
        "new_range": format_new_range,
        "percent": format_percent,
        "refusal": describe_refusal,
        "scope": describe_scope,
        "count": _format_count,
        "sort_key": _sort_key,
    }
    environment.globals |= {"share_bar": share_bar}
    return environment


def _load_source(environment: Environment, name: str) -> str:
    assert environment.loader is not None
    return environment.loader.get_source(environment, name)[0]


def _format_count(value: int) -> str:
    return f"{value:,}"


def _sort_key(value: float | None) -> str:
    """Return the sort key of a table cell, empty for NaN and None, which sort last."""
    return "" if value is None or value != value else f"{value:.6g}"
