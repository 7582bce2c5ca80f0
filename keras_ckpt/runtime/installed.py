"""Which Keras is running, on which backend, and how releases of it differ.

Nothing is imported until it is needed: the first question answered here imports Keras.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import inspect
import os
import re
import sys
from types import ModuleType
from typing import Callable, ContextManager

import numpy as np

from keras_ckpt._typing import Comparison, Model
from keras_ckpt.runtime import internals

_TRUE = ("1", "true", "True", "TRUE")
#: The running Keras, under `"keras"`, as soon as it is determined.
_found: dict[str, ModuleType] = {}


def _installed(name: str) -> bool:
    if name in sys.modules:
        return sys.modules[name] is not None
    return importlib.util.find_spec(name) is not None


def _release(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])


def installed_keras() -> tuple[int, ...]:
    """Returns the release of the package `keras`, which is not imported for that; () without."""
    if "keras" in sys.modules:
        return _release(getattr(sys.modules["keras"], "__version__", "0"))
    # Older ones are not imported: stand-alone Keras 2.3 and 2.4 fail beside other TensorFlows.
    if sys.version_info < (3, 8) or not _installed("keras"):
        return ()
    from importlib import metadata

    try:
        return _release(metadata.version("keras"))
    except metadata.PackageNotFoundError:
        return _release(getattr(importlib.import_module("keras"), "__version__", "0"))


def _is_keras_3_installed() -> bool:
    return installed_keras() >= (3,)


def _find_keras() -> ModuleType:
    if os.environ.get("TF_USE_LEGACY_KERAS") in _TRUE and _installed("tf_keras"):
        return importlib.import_module("tf_keras")
    if "tf_keras" in sys.modules and "keras" not in sys.modules:
        return sys.modules["tf_keras"]
    if "keras" in sys.modules and () < installed_keras() < (2, 4):
        return sys.modules["keras"]  # As a library of its own, which this program uses.
    if _is_keras_3_installed():
        return importlib.import_module("keras")
    if _installed("tensorflow"):
        # An attribute of the package, not a module of that name, in several releases.
        found: ModuleType = importlib.import_module("tensorflow").keras
        return found
    raise ImportError(
        "keras_ckpt needs a Keras to run on and found none. Install one of: `keras` (3.0 or "
        "later) with TensorFlow, JAX or PyTorch; `tensorflow` (2.0 or later); `tf_keras`."
    )


def keras() -> ModuleType:
    """Returns the Keras that is running: `keras` 3.x, `tf.keras` 2.x or `tf_keras`.

    It is stand-alone Keras, 2.0 to 2.3, if the program has imported that.

    Raises:
        ImportError: if there is none.
    """
    if "keras" not in _found:
        _found["keras"] = _find_keras()
    return _found["keras"]


def prefer(name: str) -> None:
    """Takes the Keras of this module name for the running one, unless one runs already.

    Args:
        name: string, the name of a module that is imported.
    """
    _found.setdefault("keras", sys.modules[name])


def version() -> tuple[int, ...]:
    """Returns the release of the running Keras, e.g. `(3, 15, 1)`; of TensorFlow for tf.keras."""
    module = keras()
    text = getattr(module, "__version__", "")
    if not is_keras_3() and module.__name__ != "tf_keras":
        text = tensorflow().__version__
    return _release(text)


def versions() -> dict[str, str]:
    """Returns the releases of what runs, by the names of the packages."""
    own = str(sys.modules[__name__.partition(".")[0]].__version__)
    found = {"keras_ckpt": own, "keras": str(getattr(keras(), "__version__", ""))}
    module = sys.modules.get(backend())
    if module is not None and hasattr(module, "__version__"):
        found[backend()] = str(module.__version__)
    return found


def is_keras_3() -> bool:
    """Returns whether the running Keras is Keras 3 or later."""
    module = keras()
    if module.__name__ == "tf_keras" or not hasattr(module, "ops"):
        return False
    return _release(getattr(module, "__version__", "0"))[0] >= 3


def backend() -> str:
    """Returns the name of the backend: `"tensorflow"`, `"jax"`, `"torch"`, …"""
    return str(keras().backend.backend()) if is_keras_3() else "tensorflow"


def has_tensorflow() -> bool:
    """Returns whether TensorFlow is installed (it is not imported to find out)."""
    return _installed("tensorflow")


def tensorflow() -> ModuleType:
    """Returns the TensorFlow module.

    Raises:
        ImportError: if TensorFlow is not installed.
    """
    if not has_tensorflow():
        raise ImportError(
            "This needs TensorFlow, which is not installed here. "
            "Install it with `pip install tensorflow`."
        )
    return importlib.import_module("tensorflow")


def tensorflow_if_loaded() -> ModuleType | None:
    """Returns TensorFlow if the program has imported it already, else None."""
    module = sys.modules.get("tensorflow")
    return module if module is not None and hasattr(module, "__version__") else None


def callback_base() -> type:
    """Returns the running Keras's `Callback`, which every callback here derives from."""
    base: type = keras().callbacks.Callback
    return base


def is_keras_model(model: object) -> bool:
    """Returns whether `model` is a real model of the running Keras, not a stand-in for one."""
    return isinstance(model, keras().models.Model)


def is_graph_network(model: Model) -> bool:
    """Returns whether `model` is a functional model: what Keras 2 called `_is_graph_network`."""
    if is_keras_model(model) and not hasattr(model, "_is_graph_network"):
        return any(kind.__name__ == "Functional" for kind in type(model).__mro__)
    return bool(model._is_graph_network)


def has_own(model: Model, method: str) -> bool:
    """Returns whether `model` has a `method` of its own in place of Keras's."""
    function = getattr(getattr(model, method), "__func__", None)
    # `install()` wraps Keras's.
    of_keras = inspect.unwrap(
        getattr(keras().models.Model, method), stop=lambda each: each is function
    )
    return of_keras is not function


def unwrapped(model: Model) -> Model:
    """Returns the model that PyTorch's DistributedDataParallel or `torch.compile` has wrapped."""
    if not type(model).__module__.startswith("torch."):
        return model
    for name in ("module", "_orig_mod"):
        within = getattr(model, name, None)
        if within is not None:
            return unwrapped(within)
    return model


def scope_of(model: Model) -> ContextManager[object]:
    """Returns the context in which the variables of a model are made and changed.

    That is the scope of its `tf.distribute` strategy, if it was made under one.
    """
    strategy = getattr(model, "distribute_strategy", None)
    if strategy is None or not hasattr(strategy, "scope") or not is_keras_3():
        return contextlib.nullcontext()
    found: ContextManager[object] = strategy.scope()
    return found


def takes(function: Callable[..., object], name: str) -> bool:
    """Returns whether a function of the running Keras has a parameter of this name."""
    return name in inspect.signature(function).parameters


def comparisons() -> tuple[Comparison, Comparison]:
    """Returns (less, greater) as the newest Keras compares: `keras.ops`, or NumPy's without it."""
    if is_keras_3():
        return keras().ops.less, keras().ops.greater
    return np.less, np.greater


def options_type(weights: bool, load: bool) -> type | None:
    """Returns the type that `options` must have, or None without a TensorFlow that has it.

    Args:
        weights: boolean, whether they are for saves of weights only.
        load: boolean, whether to import TensorFlow to find out.
    """
    module = tensorflow_if_loaded()
    if module is None and load and has_tensorflow():
        module = tensorflow()
    if weights:
        return getattr(getattr(module, "train", None), "CheckpointOptions", None)
    return getattr(getattr(module, "saved_model", None), "SaveOptions", None)


def metric_directions(model: Model) -> dict[str, str | None]:
    """Returns the direction that each compiled metric of `model` declares.

    Args:
        model: the model, or a stand-in for one.

    Returns:
        Dict from the metric's name to `"up"`, `"down"` or None (it has the attribute, unset).
        Metrics that declare no direction are left out, as are all in Keras 2.
    """
    directions: dict[str, str | None] = {}
    if not is_keras_3() or not hasattr(model, "metrics"):
        return directions
    for metric in internals.compiled_metrics(model):
        if hasattr(metric, "_direction"):
            directions[metric.name] = metric._direction
    return directions
