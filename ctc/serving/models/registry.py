"""The models that are served, by name; each can be replaced while requests come in."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2

from ctc.artifacts.model_file import ModelInfo
from ctc.errors import CtcError, did_you_mean
from ctc.inference.pipeline.pipeline import PipelineConfig
from ctc.inference.postprocess import Reading, reading_of
from ctc.runtime.batch_size import batch_size_for
from ctc.runtime.model_bytes import read_model
from ctc.runtime.session import Model, open_model
from ctc.serving.config import ServeConfig
from ctc.serving.http.errors import NOT_FOUND, RequestError
from ctc.serving.http.metrics import Metrics
from ctc.serving.models.batcher import Line
from ctc.storage.remote_files import as_os_errors

log = logging.getLogger(__name__)

_Signature = tuple[int, int, int] | None


@dataclass(frozen=True)
class Served:
    """A model as its file was when it was read. `version` counts the files that were read for this name."""

    name: str
    version: int
    digest: str
    model: Model
    reading: Reading
    line: Line

    @property
    def info(self) -> ModelInfo:
        return self.model.info


class Shelf:
    """All models of a server, and the threads that run them. Raises CtcError when one of them can't be opened."""

    def __init__(self, config: ServeConfig, metrics: Metrics) -> None:
        self._config, self._metrics = config, metrics
        self._seen = {name: _signature(path) for name, path in config.models.items()}
        files = {name: read_model(path) for name, path in config.models.items()}
        models = {name: open_model(file, config.engine) for name, file in files.items()}
        # as in `ctc predict`: one thread more than there are cores decodes while a device has its turn, and OpenCV starts none
        workers = config.threads + any(model.on_device for model in models.values())
        self._pool = ThreadPoolExecutor(workers, "ctc-serve", initializer=cv2.setNumThreads, initargs=(1,))
        self._served = {name: self._shelve(name, 1, files[name].digest, model) for name, model in models.items()}

    def __getitem__(self, name: str) -> Served:
        """The model of that name, as it is now; raises RequestError when there is none."""
        if name not in self._served:
            raise RequestError(NOT_FOUND, f"no model called '{name}'{did_you_mean(name, self._served)}")
        return self._served[name]

    def all(self) -> list[Served]:
        """Every model, as it is now, in the order they were given."""
        return list(self._served.values())

    def close(self) -> None:
        """Let the threads leave; what they have begun they finish."""
        self._pool.shutdown(cancel_futures=True)

    def refresh(self, unsettled: dict[str, _Signature]) -> dict[str, _Signature]:
        """Read the files that have changed and are the same as at the last look, so that none is read while it is being written. Takes
        and gives back those that have changed just now. A file that can't be served leaves the model of before."""
        changed = {
            name: found for name in self._seen if (found := _signature(self._config.models[name])) != self._seen[name]
        }
        for name, found in changed.items():
            if name in unsettled and unsettled[name] == found:
                self._seen[name] = found
                self._replace(name)
        return {name: found for name, found in changed.items() if found != self._seen[name]}

    def _replace(self, name: str) -> None:
        before = self._served[name]
        try:
            file = read_model(self._config.models[name])
            if file.digest != before.digest:
                model = open_model(file, self._config.engine)
                self._served[name] = self._shelve(name, before.version + 1, file.digest, model)
                log.info("model '%s' is served from its new file, version %d", name, before.version + 1)
        except (CtcError, MemoryError) as error:
            log.warning("model '%s' goes on as it was: %s", name, error or type(error).__name__)
            self._metrics.reload_failed(name)
        else:
            self._metrics.reloaded(name)

    def _shelve(self, name: str, version: int, digest: str, model: Model) -> Served:
        config = self._config
        reading = reading_of(model.info, config.threshold, config.class_list)
        size = config.batch_size or batch_size_for(model, None, config.threads)
        pipeline = PipelineConfig(size, config.threads, config.truncated)
        line = Line(model, reading, pipeline, config.wait, self._pool, self._metrics.batches_of(name))
        self._metrics.serves(name, version)
        return Served(name, version, digest, model, reading, line)


def _signature(path: Path) -> _Signature:
    """What changes when the file does; None when it isn't there."""
    try:
        with as_os_errors(path):
            status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
