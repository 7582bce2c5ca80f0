"""Serves a SavedModel by its own graph, where its model cannot be made again."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from keras_ckpt import runtime
from keras_ckpt.formats import base, saved_model
from keras_ckpt.formats.base import CheckpointError

_SIGNATURE = "serving_default"


class InferenceModel:
    """A SavedModel that answers by its own graph, as TensorFlow's servers have it do.

    It needs none of the classes that the model was made of. It cannot be trained, and has no
    layers. It runs on TensorFlow, whichever backend Keras has.

    Args:
        path: the directory of the SavedModel.

    Raises:
        ImportError: if TensorFlow is not installed.
        CheckpointError: if there is no graph, or the TensorFlow that runs cannot read it.

    Example:

    ```python
    model = keras_ckpt.load_model("exported", inference_only=True)
    predictions = model.predict(x)
    ```
    """

    def __init__(self, path: str) -> None:
        if not runtime.has_tensorflow():
            raise ImportError(
                "%s is served by a TensorFlow graph. Install it with `pip install tensorflow`."
                % path
            )
        self.path = path
        self._tensorflow = runtime.tensorflow()
        if not os.path.isfile(os.path.join(path, saved_model.GRAPH)):
            raise CheckpointError(
                path, "there is no graph in it", "load it without inference_only=True"
            )
        try:
            # Its functions live as long as what they were loaded with.
            self._loaded = self._tensorflow.saved_model.load(path)
            self._serve = self._loaded.signatures[_SIGNATURE]
        except KeyError:
            raise CheckpointError(
                path, "its graph has no signature %r to be served by" % _SIGNATURE
            ) from None
        except Exception as error:
            # Whatever TensorFlow finds in it that it cannot run.
            raise CheckpointError(
                path,
                "TensorFlow %s cannot serve it: %s"
                % (self._tensorflow.__version__, base.one_line(error)),
                "copy the directory again, or serve it with the release that wrote it",
            ) from error
        self._inputs = dict(self._serve.structured_input_signature[1])
        described = saved_model.description(path).get("model_config") or {}
        config = described.get("config") if isinstance(described, dict) else {}
        self.input_names = _ordered(config, "input_layers", self._inputs)
        self.output_names = _ordered(config, "output_layers", self._serve.structured_outputs)

    def __call__(self, inputs: Any, training: bool = False) -> Any:
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
            raise ValueError("%s is served by the graph for inference only." % self.path)
        found = self._serve(**self._feed(inputs))
        outputs = [np.asarray(found[name]) for name in self.output_names]
        return outputs[0] if len(outputs) == 1 else outputs

    def predict(self, x: Any, batch_size: int = 32, verbose: Any = 0) -> Any:
        """Returns the model's answers to arrays of any length, batch by batch.

        Args:
            x: as `inputs` of a call.
            batch_size: samples at a time.
            verbose: taken as by Keras's `predict`; nothing is shown.
        """
        feed = self._feed(x)
        count = len(next(iter(feed.values())))
        parts = []
        for start in range(0, max(count, 1), batch_size):
            batch = {name: value[start : start + batch_size] for name, value in feed.items()}
            parts.append(self(batch))
        if len(self.output_names) == 1:
            return np.concatenate(parts)
        return [np.concatenate(each) for each in zip(*parts)]

    def _feed(self, inputs: Any) -> dict[str, Any]:
        if not isinstance(inputs, dict):
            every = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
            if len(every) != len(self.input_names):
                every = [inputs]  # One input, given as a list of numbers.
            inputs = dict(zip(self.input_names, every))
        if set(inputs) != set(self._inputs):
            raise ValueError(
                "%s has the inputs %s, and was given %s."
                % (self.path, ", ".join(self.input_names), ", ".join(map(str, inputs)) or "none")
            )
        return {
            name: self._tensorflow.convert_to_tensor(
                np.asarray(inputs[name]).astype(spec.dtype.as_numpy_dtype)
            )
            for name, spec in self._inputs.items()
        }


def _ordered(config: Any, which: str, named: Any) -> list[str]:
    """Returns the names in the order of the model where it is known, and else by their numbers."""
    told = config.get(which) if isinstance(config, dict) else None
    references = told if isinstance(told, list) else []
    if len(references) == 3 and isinstance(references[0], str):
        references = [references]
    names = [str(each[0]) for each in references if isinstance(each, list) and each]
    if sorted(names) == sorted(named):
        return names
    return sorted(named, key=lambda name: (len(name), name))
