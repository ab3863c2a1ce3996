"""What `ctc tag` writes, and where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

SidecarName = Literal["photo.jpg.xmp", "photo.xmp"]
SIDECAR_NAMES: tuple[SidecarName, ...] = ("photo.jpg.xmp", "photo.xmp")
"""How the sidecar of `photo.jpg` is called: as digiKam and darktable do, or as Adobe's programs."""


@dataclass(frozen=True)
class TagConfig:
    """Options of `ctc tag`.

    `copy_to`: the folder of the copies, None for sidecars beside the photos. `sidecars`: whether
    copies get sidecars in place of keywords in the files. `image_root`: where relative paths start,
    None for the current folder. `inventory`: names the photos of events. `labels`: the root of the
    keywords by label. `ranks`: whether to write the lineage of a class as well, `taxonomy`: from
    which to take it where the predictions have none. `min_confidence`: answers below it give no
    keyword. `only_reviewed`: whether only people's answers do. `blur`: classes or categories whose
    boxes are blurred, those at least `blur_confidence`. `remove_gps`: whether copies lose their
    coordinates.
    """

    source: Path
    copy_to: Path | None = None
    sidecars: bool = False
    sidecar_name: SidecarName = "photo.jpg.xmp"
    image_root: Path | None = None
    inventory: Path | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    ranks: bool = True
    taxonomy: Path | None = None
    min_confidence: float = 0.0
    only_reviewed: bool = False
    blur: tuple[str, ...] = ()
    blur_confidence: float = 0.1
    remove_gps: bool = False
    threads: int = 1
    overwrite: bool = False
