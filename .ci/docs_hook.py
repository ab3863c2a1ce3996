"""What the site changes about the pages: links to files that are not pages, such as
../benchmarks/README.md, are for readers of a checkout; in the site only their text stays."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!\w+:)([^)#]+)(?:#[^)]*)?\)")
DOCS = Path(__file__).resolve().parents[1] / "docs"


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    folder = (DOCS / page.file.src_uri).parent
    return LINK.sub(
        lambda link: link[0] if (folder / link[2]).resolve().is_relative_to(DOCS) else link[1],
        markdown,
    )
