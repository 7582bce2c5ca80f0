"""What the tests of the callbacks share: tiny models, stand-ins, and how to drive callbacks."""

from __future__ import annotations

import contextlib
import inspect
import itertools
import warnings
from typing import Any, Iterator, Sequence

import numpy as np

from keras_ckpt import runtime

keras = runtime.keras()
KERAS_3 = runtime.is_keras_3()

X = np.linspace(-1.0, 1.0, 16, dtype="float32").reshape(8, 2)
Y = X.sum(axis=1, keepdims=True)


class StandIn:
    """No model of Keras, but an object that can be saved. It remembers the calls."""

    metrics: tuple[Any, ...] = ()
    distribute_strategy = None
    _is_graph_network = True
    stop_training = False

    def __init__(self, error: BaseException | None = None) -> None:
        self.calls: list[tuple[str, Any, dict[str, Any]]] = []
        self.error = error

    def _called(self, method: str, path: Any, kwargs: dict[str, Any]) -> None:
        if self.error is not None:
            raise self.error
        self.calls.append((method, path, kwargs))

    def save(self, path: Any, **kwargs: Any) -> None:
        self._called("save", path, kwargs)

    def save_weights(self, path: Any, **kwargs: Any) -> None:
        self._called("save_weights", path, kwargs)

    def load_weights(self, path: Any, **kwargs: Any) -> None:
        self._called("load_weights", path, kwargs)

    def _in_multi_worker_mode(self) -> bool:
        return False

    @property
    def paths(self) -> list[Any]:
        """The paths of all calls."""
        return [path for _, path, _ in self.calls]


def epochs(callback: Any, logs: Sequence[Any], model: Any = None) -> list[Any]:
    """Drives `callback` through one epoch for each of `logs`; returns the paths of the saves."""
    model = StandIn() if model is None else model
    callback.set_model(model)
    callback.on_train_begin({})
    for epoch, values in enumerate(logs):
        callback.on_epoch_begin(epoch, {})
        callback.on_epoch_end(epoch, values)
    callback.on_train_end({})
    return list(getattr(model, "paths", ()))


def batches(callback: Any, logs: Sequence[Any], model: Any = None) -> list[Any]:
    """Drives `callback` through one epoch with a batch for each of `logs`; returns the paths."""
    model = StandIn() if model is None else model
    callback.set_model(model)
    callback.on_train_begin({})
    callback.on_epoch_begin(0, {})
    for batch, values in enumerate(logs):
        callback.on_train_batch_end(batch, values)
    callback.on_epoch_end(0, {})
    callback.on_train_end({})
    return list(getattr(model, "paths", ()))


def functional(metrics: Sequence[Any] = (), **compiled: Any) -> Any:
    """Returns a functional model with weights of its own."""
    inputs = keras.Input((2,))
    model = keras.Model(inputs, keras.layers.Dense(1)(inputs))
    return ready(model, metrics, **compiled)


def sequential(metrics: Sequence[Any] = (), **compiled: Any) -> Any:
    """Returns a Sequential model."""
    return ready(keras.Sequential([keras.layers.Dense(1)]), metrics, **compiled)


def _subclass() -> Any:
    class Subclassed(keras.Model):  # type: ignore[misc]
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.dense = keras.layers.Dense(1)

        def call(self, inputs: Any) -> Any:
            return self.dense(inputs)

    return Subclassed


Subclassed = _subclass()
_seed = itertools.count(1)


def subclassed(metrics: Sequence[Any] = (), **compiled: Any) -> Any:
    """Returns a model of a user's class."""
    return ready(Subclassed(), metrics, **compiled)


def ready(model: Any, metrics: Sequence[Any] = (), **compiled: Any) -> Any:
    """Compiles and builds a model, and gives it weights that no other has."""
    # A fit of four batches is over before it could be traced.
    compiled.setdefault("run_eagerly", "steps_per_execution" not in compiled)
    model.compile(keras.optimizers.SGD(0.01), "mse", metrics=list(metrics), **compiled)
    model(X)
    random = np.random.RandomState(next(_seed))
    model.set_weights([random.normal(size=w.shape) for w in model.get_weights()])
    return model


def fit(model: Any, callbacks: Any, n: int = 1, validate: bool = True, **kwargs: Any) -> Any:
    """Fits `model` for `n` epochs of two batches."""
    if validate:
        kwargs["validation_data"] = (X, Y)
    kwargs.setdefault("batch_size", 4)
    return model.fit(X, Y, epochs=n, verbose=0, callbacks=callbacks, **kwargs)


def same_weights(left: Any, right: Any) -> bool:
    """Returns whether two models, or lists of arrays, hold the same values."""
    a, b = (
        [np.asarray(w) for w in getattr(m, "get_weights", lambda m=m: m)()] for m in (left, right)
    )
    return len(a) == len(b) and all(np.array_equal(v, w) for v, w in zip(a, b))


@contextlib.contextmanager
def warned() -> Iterator[list[warnings.WarningMessage]]:
    """Collects the warnings that point into the module of the test, or here, where it drives."""
    frame = inspect.stack()[2].filename
    found: list[warnings.WarningMessage] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield found
    found.extend(each for each in caught if each.filename in (frame, __file__))


def texts(found: Sequence[warnings.WarningMessage]) -> list[str]:
    """Returns what the warnings say."""
    return [str(each.message) for each in found]
