"""Which Keras is running, and what of it we use. The only place that asks.

Nothing is imported until it is needed: the first question answered here imports Keras.
"""

from __future__ import annotations

import copy
import importlib
import importlib.util
import inspect
import logging
import os
import re
import sys
from typing import Any, Callable

import numpy as np

_TRUE = ("1", "true", "True", "TRUE")
_found: dict[str, Any] = {}


def _installed(name: str) -> bool:
    if name in sys.modules:
        return sys.modules[name] is not None
    return importlib.util.find_spec(name) is not None


def _release(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])


def _is_keras_3_installed() -> bool:
    if "keras" in sys.modules:
        return _release(getattr(sys.modules["keras"], "__version__", "0"))[0] >= 3
    # Older ones are not imported: stand-alone Keras 2.3 and 2.4 fail beside other TensorFlows.
    if sys.version_info < (3, 8) or not _installed("keras"):
        return False
    from importlib import metadata

    try:
        return _release(metadata.version("keras"))[0] >= 3
    except metadata.PackageNotFoundError:
        return _release(getattr(importlib.import_module("keras"), "__version__", "0"))[0] >= 3


def _find_keras() -> Any:
    if os.environ.get("TF_USE_LEGACY_KERAS") in _TRUE and _installed("tf_keras"):
        return importlib.import_module("tf_keras")
    if "tf_keras" in sys.modules and "keras" not in sys.modules:
        return sys.modules["tf_keras"]
    if _is_keras_3_installed():
        return importlib.import_module("keras")
    if _installed("tensorflow"):
        # An attribute of the package, not a module of that name, in several releases.
        return importlib.import_module("tensorflow").keras
    raise ImportError(
        "keras_ckpt needs a Keras to run on and found none. Install one of: `keras` (3.0 or "
        "later) with TensorFlow, JAX or PyTorch; `tensorflow` (2.0 or later); `tf_keras`."
    )


def keras() -> Any:
    """Returns the Keras that is running: `keras` 3.x, `tf.keras` 2.x or `tf_keras`.

    Raises:
        ImportError: if there is none.
    """
    if "keras" not in _found:
        _found["keras"] = _find_keras()
    return _found["keras"]


def prefer(name: str) -> None:
    """Takes the Keras of this module name for the running one, unless one runs already.

    Args:
        name: a module that is imported.
    """
    _found.setdefault("keras", sys.modules[name])


def version() -> tuple[int, ...]:
    """Returns the release of the running Keras, e.g. `(3, 15, 1)`; of TensorFlow for tf.keras."""
    if "version" not in _found:
        module = keras()
        text = getattr(module, "__version__", "")
        if not is_keras_3() and module.__name__ != "tf_keras":
            text = tensorflow().__version__
        _found["version"] = _release(text)
    found: tuple[int, ...] = _found["version"]
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


def tensorflow() -> Any:
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


def tensorflow_if_loaded() -> Any | None:
    """Returns TensorFlow if the program has imported it already, else None."""
    module = sys.modules.get("tensorflow")
    return module if module is not None and hasattr(module, "__version__") else None


def callback_base() -> type:
    """Returns the running Keras's `Callback`, which every callback of ours derives from."""
    base: type = keras().callbacks.Callback
    return base


def is_keras_model(model: Any) -> bool:
    """Returns whether `model` is a real model of the running Keras, and no stand-in for one."""
    return isinstance(model, keras().Model)


def is_graph_network(model: Any) -> bool:
    """Returns whether `model` is a functional model, as `_is_graph_network` told in Keras 2."""
    if is_keras_model(model) and not hasattr(model, "_is_graph_network"):
        return any(kind.__name__ == "Functional" for kind in type(model).__mro__)
    return bool(model._is_graph_network)


def has_own(model: Any, method: str) -> bool:
    """Returns whether `model` has a `method` of its own in place of Keras's."""
    function = getattr(getattr(model, method), "__func__", None)
    return function is not getattr(keras().Model, method)


def takes(function: Any, name: str) -> bool:
    """Returns whether a function of the running Keras has a parameter of this name."""
    return name in inspect.signature(function).parameters


def comparisons() -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Returns (less, greater) as the newest Keras compares: `keras.ops`, or NumPy's without it."""
    if is_keras_3():
        return keras().ops.less, keras().ops.greater
    return np.less, np.greater


def is_tensor(value: Any) -> bool:
    """Returns whether `value` is a tensor of the running backend."""
    if is_keras_3():
        if "is_tensor" not in _found:
            # Public only in some releases of Keras 3.
            ops = keras().ops
            source = (
                ops if hasattr(ops, "is_tensor") else importlib.import_module("keras.src.backend")
            )
            _found["is_tensor"] = source.is_tensor
        return bool(_found["is_tensor"](value))
    return isinstance(value, tensorflow().Tensor)


#: What is smaller is copied as fast, in bytes.
_LARGE = 1 << 16


class _MemoryOf:
    """The memory of a tensor that nobody else has seen, to be filled by NumPy."""

    def __init__(self, tensor: Any) -> None:
        self.tensor = tensor
        array = np.asarray(memoryview(tensor))
        self.__array_interface__ = {
            "version": 3,
            "shape": array.shape,
            "typestr": array.dtype.str,
            "data": (array.ctypes.data, False),
        }


def new_array(shape: tuple[int, ...], dtype: Any) -> np.ndarray[Any, Any]:
    """Returns an array without values, which `handed_over` gives to a variable without a copy."""
    dtype = np.dtype(dtype)
    size = dtype.itemsize * int(np.prod(shape, dtype=np.int64))
    if size >= _LARGE and dtype.kind in "fiu" and dtype.isnative and _fills_tensors():
        module = tensorflow()
        if module.executing_eagerly():
            with module.device("CPU:0"):
                tensor = module.raw_ops.Empty(shape=shape, dtype=dtype.name, init=False)
            return np.asarray(_MemoryOf(tensor))
    return np.empty(shape, dtype)


def _fills_tensors() -> bool:
    """Returns whether TensorFlow lets NumPy into the memory of its tensors."""
    if "fills_tensors" not in _found:
        _found["fills_tensors"] = False
        if is_keras_3() and backend() == "tensorflow":
            tensor = tensorflow().constant([1.0, 2.0])
            try:
                np.asarray(_MemoryOf(tensor))[:] = 3.0
                _found["fills_tensors"] = tensor.numpy().tolist() == [3.0, 3.0]
            except (TypeError, ValueError, BufferError):
                pass  # It has another kind of tensors.
    fills: bool = _found["fills_tensors"]
    return fills


def handed_over(array: Any) -> Any:
    """Returns what a variable takes without a copy: the tensor whose memory `new_array` gave.

    Args:
        array: the array, which nobody writes to any more. Comes back as it is if it is another.
    """
    memory = array
    while isinstance(memory, np.ndarray):
        memory = memory.base
    if not isinstance(memory, _MemoryOf):
        return array
    whole = np.asarray(memory)
    same = whole.shape == array.shape and whole.dtype == array.dtype
    return memory.tensor if same and array.ctypes.data == whole.ctypes.data else array


def view(tensor: Any) -> np.ndarray[Any, Any]:
    """Returns the value of a tensor or variable, without a copy where that can be.

    The array is for reading only, and only until the variable changes.
    """
    if is_keras_3() and backend() == "tensorflow":
        value = getattr(tensor, "value", tensor)
        value = value.read_value() if hasattr(value, "read_value") else value
        try:
            return np.asarray(memoryview(value))
        except (TypeError, ValueError, BufferError, RuntimeError):
            # Not in the memory of the CPU, or of a type that Python has no letter for.
            pass
    return to_numpy(tensor)


def to_numpy(tensor: Any) -> np.ndarray[Any, Any]:
    """Returns the value of a tensor of any backend."""
    if hasattr(tensor, "numpy") and not hasattr(tensor, "detach"):
        return np.asarray(tensor.numpy())
    if is_keras_3():
        return np.asarray(keras().ops.convert_to_numpy(tensor))
    return np.asarray(tensor)


def python_values(logs: Any, numpy: bool) -> Any:
    """Returns `logs` with the tensors in it as Python numbers or NumPy arrays.

    Args:
        logs: a structure of dicts, lists and tuples.
        numpy: whether NumPy's scalars and arrays without a shape become Python numbers, too.
    """

    return _map_structure(lambda value: python_value(value, numpy), logs)


def python_value(value: Any, numpy: bool = True) -> Any:
    """Returns a tensor as a Python number, or as a NumPy array if it has a shape.

    Args:
        value: the tensor; anything else comes back as it is.
        numpy: whether NumPy's scalars and arrays without a shape become Python numbers, too.
    """
    if isinstance(value, (float, int, str)) and not isinstance(value, np.generic):
        return value
    tensor = is_tensor(value)
    if tensor:
        value = to_numpy(value)
    if (tensor or numpy) and isinstance(value, (np.ndarray, np.generic)):
        return value.item() if np.ndim(value) == 0 else value
    return value


def _map_structure(function: Callable[[Any], Any], structure: Any) -> Any:
    """Does what `tf.nest.map_structure` does, also without TensorFlow."""
    module = tensorflow_if_loaded()
    if module is not None:
        return module.nest.map_structure(function, structure)
    if isinstance(structure, dict):
        mapped = copy.copy(structure)
        # In the order of the keys, as TensorFlow goes through them: they must have one.
        mapped.update((key, _map_structure(function, structure[key])) for key in sorted(structure))
        return mapped
    if isinstance(structure, (list, tuple)):
        items = [_map_structure(function, item) for item in structure]
        kind = type(structure)
        return kind(*items) if hasattr(structure, "_fields") else kind(items)
    return function(structure)


def options_type(weights: bool, load: bool) -> type | None:
    """Returns the type that `options` have, None without a TensorFlow that has them.

    Args:
        weights: whether they are for saves of weights only.
        load: whether to import TensorFlow to find out.
    """
    module = tensorflow_if_loaded()
    if module is None and load and has_tensorflow():
        module = tensorflow()
    if weights:
        return getattr(getattr(module, "train", None), "CheckpointOptions", None)
    return getattr(getattr(module, "saved_model", None), "SaveOptions", None)


def metric_directions(model: Any) -> dict[str, str | None]:
    """Returns the direction that each compiled metric of `model` knows of itself.

    Args:
        model: the model, or a stand-in for one.

    Returns:
        Dict from the metric's name to `"up"`, `"down"` or None (it has the attribute, unset).
        Metrics that say nothing of a direction are left out, as are all in Keras 2.
    """
    directions: dict[str, str | None] = {}
    if not is_keras_3() or not hasattr(model, "metrics"):
        return directions
    containers = importlib.import_module("keras.src.trainers.compile_utils")
    kinds = tuple(
        getattr(containers, name)
        for name in ("CompileMetrics", "MetricsList")
        if hasattr(containers, name)
    )
    for container in model.metrics:
        for metric in container.metrics if isinstance(container, kinds) else ():
            if hasattr(metric, "_direction"):
                directions[metric.name] = metric._direction
    return directions


def tensorflow_logger() -> logging.Logger:
    """Returns the logger named `tensorflow`, on which Keras 2.x warned."""
    module = tensorflow_if_loaded()
    if module is not None:
        # TensorFlow's own accessor also gives the logger its handler.
        found: logging.Logger = module.get_logger()
        return found
    return logging.getLogger("tensorflow")


def _interactive_logging() -> bool:
    utils = keras().utils
    if hasattr(utils, "is_interactive_logging_enabled"):
        return bool(utils.is_interactive_logging_enabled())
    return True


def print_msg(message: str) -> None:
    """Prints to stdout, or to absl's log once `disable_interactive_logging()` was called."""
    if not _interactive_logging():
        importlib.import_module("absl.logging").info(message)
        return
    try:
        sys.stdout.write(message + "\n")
    except UnicodeEncodeError:
        encoding = sys.stdout.encoding or "utf-8"
        sys.stdout.write((message + "\n").encode(encoding, errors="ignore").decode(encoding))
    sys.stdout.flush()


def may_overwrite(path: str) -> bool:
    """Returns what the user answers to Keras 3's own question whether to overwrite `path`."""
    utils = importlib.import_module("keras.src.utils.io_utils")
    return bool(utils.ask_to_proceed_with_overwrite(path))


def is_safe_mode(given: Any) -> bool:
    """Returns whether code in files is refused, when `safe_mode=given`, as Keras 3 decides it."""
    of_all = importlib.import_module("keras.src.saving.serialization_lib").in_safe_mode()
    return bool(given if of_all is None else of_all)


def is_remote(path: Any) -> bool:
    """Returns whether a path is on a file system that TensorFlow's `gfile` knows, and `os` not."""
    known = r"(/cns|/cfs|/gcs|/hdfs|/readahead|/placer|/tfhub|.*://)"
    return re.match(known, str(path)) is not None


class FileSystem:
    """The file calls that a callback makes, on local disks and on remote ones."""

    def __init__(self, gfile: Any | None = None) -> None:
        self._gfile = gfile

    def exists(self, path: str) -> bool:
        """Returns whether there is a file or directory at `path`."""
        gfile = self._for(path)
        return bool(gfile.exists(path)) if gfile else os.path.exists(path)

    def makedirs(self, path: str) -> None:
        """Makes the directory `path` and its parents."""
        gfile = self._for(path)
        if gfile:
            gfile.makedirs(path)
        else:
            os.makedirs(path, exist_ok=True)  # Another process may have made it meanwhile.

    def _for(self, path: str) -> Any | None:
        if self._gfile is not None:
            return self._gfile
        if is_remote(path):
            return tensorflow().io.gfile
        return None


def file_system(gfile: bool = False) -> FileSystem:
    """Returns the file system.

    Args:
        gfile: whether local paths, too, go through TensorFlow's `gfile` where TensorFlow is
            loaded, as they do in Keras 2; its errors are not those of `os`.
    """
    module = tensorflow_if_loaded() if gfile else None
    return FileSystem(module.io.gfile if module is not None else None)


def path_to_string(path: Any) -> Any:
    """Returns a `PathLike` as a string, anything else as it is."""
    return os.fspath(path) if isinstance(path, os.PathLike) else path
