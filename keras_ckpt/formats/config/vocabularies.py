"""The vocabularies of lookup layers, which are not among the variables of a model."""

from __future__ import annotations

import os
from typing import Callable, Iterator

import numpy as np

from keras_ckpt import runtime
from keras_ckpt._typing import Config, Layer, Model, Tensor
from keras_ckpt.errors import UnsupportedModel

#: Layers that look their inputs up in a table.
LAYERS = ("IntegerLookup", "StringLookup", "TextVectorization")
_FILE = "vocabulary.txt"
#: What the tokens weigh, where it is a variable.
TOKEN_WEIGHTS = "idf_weights"


#: What TensorFlow 2.7 to 2.15 leave out of one of the two descriptions in a SavedModel.
_LEFT_OUT = ("vocabulary", "idf_weights")


def completed(settings: Config, whole: object) -> Config:
    """Returns a description with the vocabularies that another one of the same model has.

    Args:
        settings: Dict, a description or a part of it.
        whole: the same part of the other description.
    """
    found = dict(settings)
    for key, value in (whole if isinstance(whole, dict) else {}).items():
        if key in _LEFT_OUT and key in found and found[key] is None:
            found[key] = value
        elif key in found:
            found[key] = _completed(found[key], value)
    return found


def _completed(part: object, whole: object) -> object:
    if isinstance(part, dict):
        return completed(part, whole)
    if isinstance(part, list) and isinstance(whole, list) and len(part) == len(whole):
        return [_completed(one, other) for one, other in zip(part, whole)]
    return part


def layers(model: Model) -> Iterator[Layer]:
    """Yields the layers of a model that have a vocabulary."""
    for layer in model._flatten_layers():
        if type(layer).__name__ in LAYERS and type(layer).__module__.startswith("keras."):
            yield layer


def _table_of(layer: Layer) -> Layer:
    """Returns the layer with the table: the one within a TextVectorization."""
    found: Layer = getattr(layer, "_lookup_layer", layer)
    return found


class TokenWeights:
    """What the tokens of a layer weigh, as the variable of the layer that Keras 2.7 to 2.15 had.

    Keras 3 keeps it beside its variables.

    Attributes:
        name: name of the variable.
        shape: its shape.
        dtype: its type.
        value: TensorFlow's variable.
    """

    def __init__(self, layer: Layer) -> None:
        self._table = _table_of(layer)
        self.name = f"{layer.name}/{TOKEN_WEIGHTS}"
        self.value = self._table.idf_weights
        self.shape = tuple(self.value.shape)
        self.dtype = self.value.dtype.name

    def assign(self, value: Tensor) -> None:
        """Gives the tokens other weights."""
        self.value.assign(value)
        self._table.idf_weights_const = self.value.read_value()


def has_token_weights(layer: Layer) -> bool:
    """Returns whether the tokens of a layer have weights."""
    return type(layer).__name__ in LAYERS and hasattr(_table_of(layer), "idf_weights")


def loader(layer: Layer) -> Callable[[str], None]:
    """Returns what takes the place of a layer's `load_assets`.

    That of Keras loses tokens at the end that are empty.

    Args:
        layer: one of `layers`.
    """

    def load_assets(directory: str) -> None:
        table = _table_of(layer)
        if getattr(table, "input_vocabulary", None) is not None:
            return  # It was in the description.
        with open(os.path.join(directory, _FILE), encoding="utf-8", newline="\n") as file:
            tokens: list[object] = list(file.read().split("\n"))
        if type(table).__name__ == "IntegerLookup":
            tokens = [int(str(token)) for token in tokens if token]
        weights = None
        if table.output_mode == "tf_idf":
            weights = runtime.to_numpy(table.idf_weights_const)
        table.set_vocabulary(tokens, idf_weights=weights)

    return load_assets


def in_order(layer: Layer, by_number: dict[int, object]) -> list[object]:
    """Returns the tokens that were in the table of a layer.

    Args:
        layer: one of `layers`.
        by_number: the tokens by their numbers. Tokens for what is unknown may be missing.
    """
    table = _table_of(layer)
    length = max(by_number, default=-1) + 1
    special = [] if table.mask_token is None else [table.mask_token]
    special += [table.oov_token] * (length - len(special))
    found = [by_number.get(number, special[number]) for number in range(length)]
    return [each.decode("utf-8") if isinstance(each, bytes) else each for each in found]


def fill(layer: Layer, tokens: list[object], weights: np.ndarray | None = None) -> None:
    """Gives a layer the vocabulary that was in its table.

    Args:
        layer: one of `layers`.
        tokens: the tokens, in the order of their numbers, with or without the special ones.
        weights: what the tokens weigh, for `output_mode="tf_idf"`. Defaults to `None`.
    """
    table = _table_of(layer)
    if table.output_mode == "tf_idf":
        table.set_vocabulary(tokens, idf_weights=weights)
    else:
        table.set_vocabulary(tokens)


def refuse_missing(path: str, model: Model, has_graph: bool = True) -> None:
    """Raises UnsupportedModel if a layer of a model has no vocabulary.

    Args:
        path: String, the checkpoint that the model came from.
        model: the model.
        has_graph: Boolean, whether the checkpoint can be served by the graph in it. Defaults to
            `True`.
    """
    for layer in layers(model):
        if getattr(_table_of(layer), "input_vocabulary", None) is not None:
            continue  # Keras does not read each encoding back that it takes.
        if not layer.get_vocabulary(include_special_tokens=False):
            raise UnsupportedModel(
                path,
                f"the vocabulary of its layer {layer.name!r} is not in it"
                + (" but in the graph that TensorFlow made" if has_graph else ""),
                (
                    "serve it by that graph with keras_ckpt.load_model(path, inference_only=True), "
                    "or build"
                    if has_graph
                    else "build"
                )
                + " the model with the vocabulary and call keras_ckpt.load_weights",
            )
