"""Serves a SavedModel by its own graph, where its model cannot be made again."""

from __future__ import annotations

import contextlib
import logging
import os
from typing import Any, Iterable, Iterator, List, Mapping, NamedTuple, Sequence, Union

import numpy as np

from keras_ckpt import runtime
from keras_ckpt._typing import Tensor
from keras_ckpt.errors import UnsupportedModel
from keras_ckpt.formats import parsing
from keras_ckpt.formats.keras3 import zip_reader
from keras_ckpt.formats.tensorflow import saved_model

_SIGNATURE = "serving_default"

#: A batch: of one input, of several in their order, or of several by name.
Inputs = Union[Tensor, Sequence[Tensor], Mapping[str, Tensor]]
#: What is answered: of one output, or of several in their order.
Answer = Union["np.ndarray", List["np.ndarray"]]


class _Input(NamedTuple):
    tensor: str
    dtype: Any
    shape: Any


@contextlib.contextmanager
def _quiet(logger: logging.Logger) -> Iterator[None]:
    """Keeps TensorFlow from calling sessions deprecated."""
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


class InferenceModel:
    """A SavedModel that answers by its own graph, as TensorFlow's servers have it do.

    It needs none of the classes that the model was made of. It cannot be trained, and has no
    layers. It runs on TensorFlow, whichever backend Keras has.

    Args:
        path: String, the directory of the SavedModel.

    Raises:
        ImportError: if TensorFlow is not installed.
        UnsupportedModel: if there is no graph, or the TensorFlow that runs cannot read it.

    Example:

    ```python
    model = keras_ckpt.load_model("exported", inference_only=True)
    predictions = model.predict(x)
    ```
    """

    def __init__(self, path: str) -> None:
        if not runtime.has_tensorflow():
            raise ImportError(
                f"{path} is served by a TensorFlow graph. Install it with `pip install tensorflow`."
            )
        self.path = path
        if not os.path.isfile(os.path.join(path, saved_model.GRAPH)):
            raise UnsupportedModel(
                path, "there is no graph in it", "load it without inference_only=True"
            )
        self._tensorflow = runtime.tensorflow()
        # What makes objects of what is in it refuses the optimizers of Keras 2. A session takes
        # the graph and the variables alone.
        graph = self._tensorflow.Graph()
        self._session = self._tensorflow.compat.v1.Session(graph=graph)
        signature = self._load()
        self._inputs = {
            name: _Input(
                info.name,
                self._tensorflow.as_dtype(info.dtype),
                self._tensorflow.TensorShape(info.tensor_shape),
            )
            for name, info in signature.inputs.items()
        }
        self._outputs = {name: info.name for name, info in signature.outputs.items()}
        config = _config(path)
        self.input_names = _ordered(config, "input_layers", self._inputs)
        self.output_names = _ordered(config, "output_layers", self._outputs)

    def _load(self) -> Any:
        """Loads the graph; returns what it is to be served by."""
        v1 = self._tensorflow.compat.v1
        try:
            with self._session.graph.as_default(), _quiet(self._tensorflow.get_logger()):
                loaded = v1.saved_model.load(self._session, ["serve"], self.path)
        except (MemoryError, PermissionError, self._tensorflow.errors.ResourceExhaustedError):
            self._session.close()
            raise
        except Exception as error:
            # Whatever TensorFlow finds in it that it cannot run.
            self._session.close()
            raise UnsupportedModel(
                self.path,
                f"TensorFlow {self._tensorflow.__version__} cannot serve it: "
                + parsing.one_line(error),
                "copy the directory again, or serve it with the release that wrote it",
            ) from error
        if _SIGNATURE not in loaded.signature_def:
            raise UnsupportedModel(
                self.path,
                f"its graph has no signature {_SIGNATURE!r} to be served by",
                "save its model again",
            )
        return loaded.signature_def[_SIGNATURE]

    def __call__(self, inputs: Inputs, training: bool = False) -> Answer:
        """Returns the model's answer to one batch.

        Args:
            inputs: an array; for several inputs a list in the order of `input_names`, or a dict by
                those names.
            training: must be False: the graph to be served is not that of training.

        Returns:
            A NumPy array, or a list of them in the order of `output_names`.

        Raises:
            ValueError: if the inputs are not those of the model, or `training` is True.
        """
        if training:
            raise ValueError(f"{self.path} is served by the graph for inference only.")
        return self._answer(self._feed(inputs))

    def _answer(self, feed: dict[str, np.ndarray]) -> Answer:
        outputs: list[np.ndarray] = self._session.run(
            [self._outputs[name] for name in self.output_names],
            {self._inputs[name].tensor: value for name, value in feed.items()},
        )
        return outputs[0] if len(outputs) == 1 else outputs

    def predict(self, x: Inputs, batch_size: int | None = None, verbose: object = 0) -> Answer:
        """Returns the model's answers to arrays of any length, batch by batch.

        Args:
            x: as `inputs` of a call.
            batch_size: samples at a time, 32 by default.
            verbose: taken as by Keras's `predict`; nothing is shown.

        Raises:
            ValueError: if the inputs are not those of the model.
        """
        feed = self._feed(x)
        lengths = {name: len(value) for name, value in feed.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(
                f"{self.path} was given inputs of different lengths: "
                + ", ".join(f"{name} has {length}" for name, length in lengths.items())
                + "."
            )
        count, size = max(lengths.values()), batch_size or 32
        if size < 1:
            raise ValueError(f"batch_size is {batch_size!r}, and must be at least 1.")
        parts = [
            self._answer({name: value[start : start + size] for name, value in feed.items()})
            for start in range(0, max(count, 1), size)
        ]
        if len(self.output_names) == 1:
            return np.concatenate(parts)
        return [np.concatenate(each) for each in zip(*parts)]

    def _feed(self, inputs: Inputs) -> dict[str, np.ndarray]:
        """Returns the arrays by the names of the inputs, each of its type and shape."""
        if not isinstance(inputs, dict):
            every = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
            if len(self.input_names) == 1 and len(every) != 1:
                every = [inputs]  # One input, given as a list of samples.
            if len(every) != len(self.input_names):
                raise ValueError(
                    f"{self.path} has the inputs {', '.join(self.input_names)}, "
                    f"and was given {len(every)}."
                )
            inputs = dict(zip(self.input_names, every))
        if set(inputs) != set(self._inputs):
            raise ValueError(
                f"{self.path} has the inputs {', '.join(self.input_names)}, "
                f"and was given {', '.join(map(str, inputs)) or 'none'}."
            )
        return {name: self._array(name, inputs[name]) for name in self.input_names}

    def _array(self, name: str, value: object) -> np.ndarray:
        spec = self._inputs[name]
        try:
            array = runtime.to_numpy(value) if runtime.is_tensor(value) else np.asarray(value)
            array = array.astype(spec.dtype.as_numpy_dtype)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"The input {name} of {self.path} is of type {spec.dtype.name}, and was given "
                f"what cannot be converted to that: {parsing.one_line(error)}."
            ) from error
        if not spec.shape.is_compatible_with(array.shape):
            raise ValueError(
                f"The input {name} of {self.path} has the shape {spec.shape}, "
                f"and was given {array.shape}."
            )
        return array


def _config(path: str) -> object:
    """Returns the configuration that has the order of inputs and outputs; None if unknown."""
    own = os.path.join(path, saved_model.ARCHIVE)
    if os.path.isfile(own):
        with zip_reader.opened(own) as opened:
            described = parsing.described(own, zip_reader.text(own, opened, "config.json"))
    else:
        described = saved_model.description(path).get("model_config") or {}
    return described.get("config") if isinstance(described, dict) else None


def _ordered(config: object, which: str, named: Iterable[str]) -> list[str]:
    """Returns the names in the order of the model if that is known, else by their numbers."""
    listed = config.get(which) if isinstance(config, dict) else None
    references = listed if isinstance(listed, list) else []
    if len(references) == 3 and isinstance(references[0], str):
        references = [references]
    names = [str(each[0]) for each in references if isinstance(each, list) and each]
    if sorted(names) == sorted(named):
        return names
    return sorted(named, key=lambda name: (len(name), name))
