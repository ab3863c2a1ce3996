"""Hooks of the site: pages from files of the checkout, and links that lead out of docs/.

CHANGELOG.md, CONTRIBUTING.md and benchmarks/README.md become pages. Links to other files that are
not pages are for readers of a checkout; in the site only their text stays.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!\w+:)([^)#]+)(#[^)]*)?\)")
CHECKOUT = Path(__file__).resolve().parents[1]
DOCS = CHECKOUT / "docs"
PAGES = {
    "changelog.md": CHECKOUT / "CHANGELOG.md",
    "contributing.md": CHECKOUT / "CONTRIBUTING.md",
    "benchmarks.md": CHECKOUT / "benchmarks" / "README.md",
}
_SOURCES = {source: page for page, source in PAGES.items()}


def on_files(files: Any, config: Any) -> Any:
    """Add the pages whose text lies outside of docs/."""
    from properdocs.structure.files import File

    for name, source in PAGES.items():
        files.append(File.generated(config, name, content=source.read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Point links at pages of the site; of those that lead out of it only the text stays."""
    name = page.file.src_uri
    folder = PAGES[name].parent if name in PAGES else (DOCS / name).parent
    up = "../" * name.count("/")

    def replace(link: re.Match[str]) -> str:
        target = (folder / link[2]).resolve()
        if target in _SOURCES:
            return f"[{link[1]}]({up}{_SOURCES[target]}{link[3] or ''})"
        if not target.is_relative_to(DOCS):
            return link[1]
        return f"[{link[1]}]({up}{target.relative_to(DOCS).as_posix()}{link[3] or ''})"

    return LINK.sub(replace, markdown)
