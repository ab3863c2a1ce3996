"""What the licence of a model allows, as far as a list says it."""

from __future__ import annotations

import re

_EXPRESSION = re.compile(r"\(*[A-Za-z0-9.:+-]+\)*( (AND|OR|WITH) \(*[A-Za-z0-9.:+-]+\)*)*")
_NON_COMMERCIAL = re.compile(r"(?i)-NC(-|\b)|noncommercial")
_FREE = frozenset(
    {
        *("0BSD", "AFL-3.0", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "ISC"),
        *("CC-BY-2.0", "CC-BY-3.0", "CC-BY-4.0", "CC-BY-SA-3.0", "CC-BY-SA-4.0", "CC0-1.0"),
        *("CDLA-Permissive-1.0", "CDLA-Permissive-2.0", "EPL-2.0", "EUPL-1.2", "MIT", "MPL-2.0"),
        *("AGPL-3.0-only", "AGPL-3.0-or-later", "GPL-2.0-only", "GPL-2.0-or-later"),
        *("GPL-3.0-only", "GPL-3.0-or-later", "LGPL-3.0-only", "LGPL-3.0-or-later", "Unlicense"),
    }
)
"""SPDX names of licences that allow commercial use (some under conditions, such as the GPL)."""


def is_licence_expression(text: str) -> bool:
    """Return whether the text has the form of an SPDX licence expression, such as `MIT`.

    Source: https://spdx.github.io/spdx-spec/v2.3/SPDX-license-expressions/. The names in it are not
    compared with SPDX's list, which grows; a licence that is not on it is a `LicenseRef-NAME`.
    """
    return _EXPRESSION.fullmatch(text) is not None


def is_non_commercial(licence: str) -> bool:
    """Return whether the name of a licence says that it forbids commercial use."""
    return _NON_COMMERCIAL.search(licence) is not None


def allows_commercial_use(licence: str | None) -> bool | None:
    """Return whether a licence allows commercial use, None if its name alone does not say."""
    if licence is None:
        return None
    if is_non_commercial(licence):
        return False
    return True if licence in _FREE else None
