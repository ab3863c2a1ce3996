"""Keras's compiled steps, called without waiting for the device.

`train_on_batch` reads every log before it returns, so the device has nothing to do until the next
call, and on JAX it gathers and assigns all variables each time. Here the logs stay on the device,
and on JAX the state is handed from step to step. On JAX the variables of the model are therefore
out of date, and must not be read, between a step and `sync`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import keras

_LEARNING_RATE = "learning_rate"
# of the state: trainable and other variables, the optimizer's, and in the end those of metrics
_TRAINING_PARTS, _OPTIMIZER_PART = 4, 2

Data = tuple[Any, ...]
"""Images, labels, and in training the weights of the photos."""
Logs = Mapping[str, Any]


class CompiledSteps(Protocol):
    """The training and evaluation steps of a compiled model."""

    def set_learning_rate(self, learning_rate: float) -> None:
        """Set the learning rate of the following training steps."""

    def train(self, data: Data) -> Logs:
        """Start a training step; its logs are on the device."""

    def evaluate(self, data: Data) -> Logs:
        """Start an evaluation step; its logs are on the device."""

    def sync(self) -> None:
        """Bring the variables of the model up to date."""


def compiled_steps(model: keras.Model) -> CompiledSteps:
    """Return the steps of a compiled model on the backend of Keras."""
    kind = JaxSteps if keras.backend.backend() == "jax" else TensorFlowSteps
    return kind(model)


class TensorFlowSteps:
    """Steps of TensorFlow, which updates the variables in place."""

    def __init__(self, model: keras.Model) -> None:
        self._model = model
        self._learning_rate: float | None = None

    def set_learning_rate(self, learning_rate: float) -> None:
        if learning_rate != self._learning_rate:
            self._model.optimizer.learning_rate = learning_rate
            self._learning_rate = learning_rate

    def train(self, data: Data) -> Logs:
        self._model.make_train_function()
        return self._model.train_function(iter([data]))  # type: ignore[no-any-return]

    def evaluate(self, data: Data) -> Logs:
        self._model.make_test_function()
        return self._model.test_function(iter([data]))  # type: ignore[no-any-return]

    def sync(self) -> None:
        """Do nothing: the variables are up to date."""


class JaxSteps:
    """Steps of JAX, each of which consumes the arrays of the state and returns new ones.

    `_variables` are those whose values are in `_state`; both are empty after `sync`.
    """

    def __init__(self, model: keras.Model) -> None:
        self._model = model
        self._learning_rate: float | None = None
        self._variables: tuple[list[Any], ...] = ()
        self._state: Any = ()

    def set_learning_rate(self, learning_rate: float) -> None:
        if learning_rate == self._learning_rate:
            return
        optimizer = self._model.optimizer
        optimizer.learning_rate = learning_rate
        self._learning_rate = learning_rate
        if len(self._variables) == _TRAINING_PARTS:
            values = self._state[_OPTIMIZER_PART]
            for index, variable in enumerate(optimizer.variables):
                # the value that was just assigned; all others went into the state
                if variable.name == _LEARNING_RATE and not variable.value.is_deleted():
                    values[index] = variable.value

    def train(self, data: Data) -> Logs:
        model = self._model
        if model.train_function is None:
            model._symbolic_build(data_batch=data)
            model.make_train_function()
        self._take_state(
            model.trainable_variables,
            model.non_trainable_variables,
            model.optimizer.variables,
            model.metrics_variables,
        )
        logs, state = model.train_function(self._state, iter([_distributed(data)]))
        self._state = tuple(list(values) for values in state)
        return logs  # type: ignore[no-any-return]

    def evaluate(self, data: Data) -> Logs:
        model = self._model
        if model.test_function is None:
            model._symbolic_build(data_batch=data)
            model.make_test_function()
        self._take_state(
            model.trainable_variables, model.non_trainable_variables, model.metrics_variables
        )
        logs, self._state = model.test_function(self._state, iter([_distributed(data)]))
        return logs  # type: ignore[no-any-return]

    def sync(self) -> None:
        variables, state = self._variables, self._state
        self._variables = self._state = ()
        for some, values in zip(variables, state, strict=True):
            for variable, value in zip(some, values, strict=True):
                variable.assign(value)

    def _take_state(self, *variables: list[Any]) -> None:
        if len(variables) != len(self._variables):
            self.sync()
            self._variables = variables
            self._state = tuple([variable.value for variable in some] for some in variables)


def _distributed(data: Data) -> Data:
    """Divide a batch among the devices of a distribution, if there is one."""
    if keras.distribution.distribution() is None:
        return data
    from keras.src.backend.jax.trainer import _distribute_data

    return _distribute_data(data)  # type: ignore[no-any-return]
