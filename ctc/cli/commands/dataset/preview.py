"""The command `ctc dataset preview`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ctc.cli.options.augmentation import AUGMENTATION_OPTIONS
from ctc.cli.options.option import PluginName, apply_options, option
from ctc.cli.options.plugin import LOADERS, command_with
from ctc.cli.options.values.paths import PATH_OR_URL
from ctc.errors import CtcError, OutputExistsError


@click.command(
    cls=command_with(LOADERS),
    epilog="Example: ctc dataset preview dataset --output grid.png --color full_fast --rotate 30",
)
@click.argument("dataset", type=PATH_OR_URL)
@option("--output", type=PATH_OR_URL, required=True, help="Picture to write, a .png file.")
@option("--split", metavar="NAME", default="train", help="Split to show.")
@option(
    "--loader",
    "loader_name",
    type=PluginName("Loader"),
    metavar="NAME",
    default="turbo",
    help="Data loader that draws them.",
)
@option("--rows", type=click.IntRange(1, 100), default=5, help="Rows: photos.")
@option("--columns", type=click.IntRange(1, 100), default=6, help="Columns: augmented versions.")
@option(
    "--size",
    type=click.IntRange(8, 2048),
    default=224,
    help="Image height and width, in pixels.",
)
@option(
    "--resize",
    type=click.Choice(["stretch", "fit-crop"]),
    default="stretch",
    help="Stretch photos to the size, or keep the aspect ratio and crop.",
)
@option("--stack", is_flag=True, help="Stack the photos of an event as grayscale channels.")
@option("--seed", type=click.IntRange(0), default=0, help="Random seed.")
@option("--overwrite", is_flag=True, help="Replace an existing output.")
@apply_options(AUGMENTATION_OPTIONS)
def command(
    dataset: Path,
    output: Path,
    split: str,
    loader_name: str,
    loader_options: dict[str, Any],
    rows: int,
    columns: int,
    size: int,
    resize: Any,
    stack: bool,
    seed: int,
    overwrite: bool,
    **augmentation: Any,
) -> None:
    """Draw photos of a DATASET without and with augmentation.

    The defaults are those of `ctc train`.
    """
    from ctc.artifacts.dataset_cache import open_dataset
    from ctc.cli.console.console import info
    from ctc.dataset.preview import render_preview
    from ctc.plugin import Augmentation, Loader, LoaderConfig
    from ctc.plugin.manager import plugins
    from ctc.plugin.option_values import bind_options
    from ctc.storage.atomic import atomic_write

    if output.exists() and not overwrite:
        raise OutputExistsError(output)
    loader = bind_options(plugins().get(Loader, loader_name), loader_options)
    reason = loader.available()
    if reason:
        raise CtcError(f"the loader '{loader_name}' can't run here: {reason}")
    given = {name: value for name, value in augmentation.items() if value is not None}
    if stack:
        given.setdefault("color", "none")
    shown = Augmentation(**given, preserve_aspect=resize == "fit-crop")
    if shown.distorts and not loader.distorts:
        raise CtcError(
            f"the loader '{loader_name}' has neither --randaugment nor --random-erasing: "
            "choose another --loader"
        )
    config = LoaderConfig(
        height=size,
        width=size,
        labels=(),
        batch_size=rows,
        image_choice="grayscale_stacking" if stack else "first",
        resize=resize,
        augmentation=shown,
        seed=seed,
    )
    picture = render_preview(open_dataset(dataset, [split]), split, loader, config, columns)
    with atomic_write(output) as partial:
        picture.save(partial, format="PNG")
    info(f"wrote '{output}'")
