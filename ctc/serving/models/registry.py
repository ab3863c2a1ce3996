"""The served models by name, and their hot reload."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from threading import Thread
from weakref import ReferenceType, ref

import cv2

from ctc.artifacts.label_schema import LabelSchema
from ctc.artifacts.model.file import ModelInfo
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.detection.opening import open_detector
from ctc.errors import CtcError, did_you_mean, shorten
from ctc.inference.animal_crops import TwoNetworks
from ctc.inference.box_classification import BoxClassificationModel, box_postprocessor
from ctc.inference.classification import ClassificationModel
from ctc.inference.config import detector_setup
from ctc.inference.detection import DetectionModel
from ctc.inference.pipeline.pipeline import PipelineConfig
from ctc.inference.postprocess import make_postprocessor
from ctc.inference.prediction_setup import bound_setup
from ctc.runtime.batch_size import measured_runtime
from ctc.runtime.model_bytes import read_model
from ctc.runtime.session import Model, open_model
from ctc.serving.config import ServeConfig
from ctc.serving.http.errors import ApiError
from ctc.serving.http.metrics import Metrics
from ctc.serving.models.batcher import DynamicBatcher
from ctc.storage.remote_files import as_os_errors

log = logging.getLogger(__name__)

CLOSE_INTERVAL = 0.05
"""Seconds between two calls that interrupt the networks, which a thread may just have started."""

_FileSignature = tuple[int, int, int] | None


@dataclass(frozen=True)
class LoadedModel:
    """A model as its file was when it was read.

    `version` counts the files that were read for this name, from 1.
    """

    name: str
    version: int
    digest: str
    runtime_model: Model
    photo_model: ClassificationModel | BoxClassificationModel
    batcher: DynamicBatcher

    @property
    def info(self) -> ModelInfo:
        """The metadata of the model file."""
        return self.runtime_model.info

    @property
    def schema(self) -> LabelSchema:
        """The labels of the answers, which a detector may add classes to."""
        return self.photo_model.schema

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know about the answers."""
        return self.photo_model.notes

    @property
    def preprocessing(self) -> Preprocessing:
        """How a photo becomes an input: the detector's, if there is one."""
        return self.photo_model.preprocessing


class ModelRegistry:
    """All models of a server, and the threads that run them.

    Raises CtcError when a model can't be opened.
    """

    def __init__(self, config: ServeConfig, metrics: Metrics) -> None:
        self._config, self._metrics = config, metrics
        self.is_closed = False
        self._opened: list[ReferenceType[Model]] = []
        self._known_signatures = {
            name: _file_signature(path) for name, path in config.models.items()
        }
        self._detector = (
            None
            if config.detector is None
            else open_detector(read_model(config.detector), config.runtime)
        )
        files = {name: read_model(path) for name, path in config.models.items()}
        models = {name: open_model(file, config.runtime) for name, file in files.items()}
        # as in `ctc predict`: one thread more than cores, to decode while a device computes;
        # OpenCV starts none
        threads = config.runtime.threads + any(model.is_on_device for model in models.values())
        self._pool = ThreadPoolExecutor(
            threads, "ctc-serve", initializer=cv2.setNumThreads, initargs=(1,)
        )
        self._models = {
            name: self._register(name, 1, files[name].digest, model)
            for name, model in models.items()
        }

    def __getitem__(self, name: str) -> LoadedModel:
        """Return the current version of a model; raises ApiError (404) for an unknown name."""
        if name not in self._models:
            raise ApiError(
                HTTPStatus.NOT_FOUND,
                f"no model called '{shorten(name)}'{did_you_mean(name, self._models)}",
            )
        return self._models[name]

    def all(self) -> list[LoadedModel]:
        """Return the current version of every model, in the order of the command line."""
        return list(self._models.values())

    def close(self) -> None:
        """Stop the threads: photos are decoded to the end, networks are interrupted.

        To be called when no request waits for a result any more.
        """
        closing = Thread(target=self._pool.shutdown, kwargs={"cancel_futures": True}, daemon=True)
        closing.start()
        while closing.is_alive():
            for reference in self._opened:
                if model := reference():
                    model.interrupt()
            if self._detector is not None:
                self._detector.interrupt()
            closing.join(CLOSE_INTERVAL)
        self.is_closed = True

    def reload_changed(self, pending: dict[str, _FileSignature]) -> dict[str, _FileSignature]:
        """Reload the models whose files have changed and have settled.

        A file is read once its signature is the same in two calls, so that none is read while it
        is being written. Takes and returns the signatures of the files that have just changed. A
        file that can't be loaded leaves the previous version in place.
        """
        changed = {
            name: found
            for name in self._known_signatures
            if (found := _file_signature(self._config.models[name])) != self._known_signatures[name]
        }
        for name, found in changed.items():
            if name in pending and pending[name] == found:
                self._known_signatures[name] = found
                self._reload(name)
        return {
            name: found for name, found in changed.items() if found != self._known_signatures[name]
        }

    def _reload(self, name: str) -> None:
        before = self._models[name]
        try:
            file = read_model(self._config.models[name])
            if file.digest != before.digest:
                model = open_model(file, self._config.runtime)
                version = before.version + 1
                self._models[name] = self._register(name, version, file.digest, model)
                log.info("model '%s': loaded version %d from the changed file", name, version)
        except (CtcError, MemoryError) as error:
            if self.is_closed:  # the process ends, and with it the opening of the file
                return
            cause = error or type(error).__name__
            log.warning("model '%s': keeping the previous version: %s", name, cause)
            self._metrics.record_failed_reload(name)
        else:
            self._metrics.record_reload(name)

    def _register(self, name: str, version: int, digest: str, model: Model) -> LoadedModel:
        config = self._config
        self._opened = [one for one in self._opened if one()] + [ref(model)]
        photo_model = self._photo_model(model)
        runtime = measured_runtime(
            photo_model.network, None, photo_model.run, photo_model.preprocessing
        )
        batcher = DynamicBatcher(
            photo_model,
            PipelineConfig(runtime, config.truncated),
            config.max_batch_wait,
            self._pool,
            self._metrics.batch_size_observer(name),
        )
        self._metrics.set_model_version(name, version)
        return LoadedModel(name, version, digest, model, photo_model, batcher)

    def _photo_model(self, model: Model) -> ClassificationModel | BoxClassificationModel:
        """Return what answers for photos: the model, or the detector and the model."""
        config = self._config
        if self._detector is None:
            postprocessor = make_postprocessor(
                model.info,
                config.threshold,
                config.class_list,
                config.strangers,
                bound_setup(config.aggregation),
            )
            return ClassificationModel(model, postprocessor, config.aggregation)
        setup = detector_setup(config.detector, config.boxes, config.tiles)
        return BoxClassificationModel(
            TwoNetworks(self._detector, model),
            DetectionModel(self._detector, config.boxes, config.tiles),
            box_postprocessor(
                model,
                config.threshold,
                config.class_list,
                bound_setup(config.aggregation, setup),
            ),
            config.aggregation,
        )


def _file_signature(path: Path) -> _FileSignature:
    """Return inode, modification time and size of a file; None when it doesn't exist."""
    try:
        with as_os_errors(path):
            status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
