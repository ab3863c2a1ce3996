"""Fetch a model of a list, and make it a model file of ctc."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from ctc.artifacts.model.detector import DetectorInfo
from ctc.artifacts.model.onnx_metadata import read_onnx_metadata
from ctc.errors import InputError
from ctc.model_import.catalogue.entry import ModelEntry
from ctc.model_import.catalogue.facts import check_facts
from ctc.model_import.catalogue.fetch import fetched
from ctc.model_import.catalogue.import_entry import import_entry
from ctc.model_import.catalogue.local_models import CTC_KEY, parse_info
from ctc.model_import.catalogue.model_list import ModelList
from ctc.reporting import Reporter
from ctc.storage.atomic import atomic_write
from ctc.storage.urls import redact_urls


def get_model(
    model_list: ModelList,
    entry: ModelEntry,
    output: Path,
    reporter: Reporter,
    *,
    unchecked: bool = False,
) -> None:
    """Fetch a model, check it against what the list says, import it, and write it to `output`.

    A model file of ctc is opened and copied as it is. `unchecked`: see `fetch.fetched`. Raises
    CtcError if the model can't be fetched, is not what the list says, or can't be imported; then
    nothing is written.
    """
    with (
        fetched(model_list, entry, reporter, unchecked=unchecked) as network,
        TemporaryDirectory(prefix="ctc-", ignore_cleanup_errors=True) as folder,
    ):
        if _is_ctc_model(network):
            made = network
            check_facts(entry, made)
            _open(made)
        else:
            source = entry.page or redact_urls(str(model_list.locate(entry.network.url)))
            made = import_entry(entry, network, source, Path(folder), reporter)
            check_facts(entry, made)
        with atomic_write(output) as partial:
            shutil.copyfile(made, partial)


def _is_ctc_model(path: Path) -> bool:
    try:
        return CTC_KEY in read_onnx_metadata(path)
    except InputError:
        return False


def _open(path: Path) -> None:
    """Open a model file of ctc, and let its network run once."""
    info = parse_info(read_onnx_metadata(path))
    if isinstance(info, DetectorInfo):
        from ctc.detection.opening import load_detector

        load_detector(path)
        return
    from ctc.runtime.session import load_model

    load_model(path, needs="labels" if info.labels else "features")
