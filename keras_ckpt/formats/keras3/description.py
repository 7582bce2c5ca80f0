"""The descriptions of models in archives, and the models that they describe."""

from __future__ import annotations

import contextlib
import datetime
import json
from typing import Iterable, Iterator, Sequence

from keras_ckpt import runtime
from keras_ckpt._typing import Config, CustomObjects, Layer, Model
from keras_ckpt.errors import CheckpointError
from keras_ckpt.formats.config import compilation, compile_arguments, keras2_reader, making, safety
from keras_ckpt.formats.config.lambdas import named
from keras_ckpt.runtime import internals


def of(model: Model) -> tuple[str, str]:
    """Returns the description of a model and what Keras says of the file, both in JSON."""
    keras = runtime.keras()
    with compile_arguments.described_whole(model), internals.object_sharing_scope():
        described = keras.saving.serialize_keras_object(model)
    now = datetime.datetime.now().strftime("%Y-%m-%d@%H:%M:%S")
    return json.dumps(described), json.dumps(
        {"keras_version": keras.__version__, "date_saved": now}
    )


def make(path: str, config: Config, custom_objects: CustomObjects | None, safe_mode: bool) -> Model:
    """Returns the model that the archive at `path` describes, compiled if it was."""
    safety.refuse_code(path, config, custom_objects, safe_mode)
    with internals.object_sharing_scope(), making.from_description(path):
        config, custom_objects = named.functions(config, custom_objects)
        return runtime.keras().saving.deserialize_keras_object(
            config, custom_objects, safe_mode=safe_mode
        )


def make_as_keras_2(
    path: str, config: Config, custom_objects: CustomObjects | None, safe_mode: bool
) -> Model:
    """Returns the same of an archive that TF 2.12 to 2.15, or tf_keras, wrote."""
    compiled = config.get("compile_config")
    safety.refuse_code(path, config, custom_objects, safe_mode, by_module=False)
    safety.refuse_code(path, compiled, custom_objects, safe_mode)
    model = keras2_reader.make(path, config, custom_objects, safe_mode)
    _build(model, (config.get("build_config") or {}).get("input_shape"))
    if compiled:
        compilation.compile_model(path, model, compiled, custom_objects)
    return model


def _build(model: Model, shape: object) -> None:
    """Makes the variables of a model of a class of the user's, if Keras has not made them yet.

    Args:
        model: the model.
        shape: lists, the shapes of its inputs, as Keras 2 described them; None if it did not.
    """
    if model.built or shape is None:
        return

    def inputs(value: object) -> object:
        if isinstance(value, dict):
            return {name: inputs(each) for name, each in value.items()}
        assert isinstance(value, (list, tuple))
        if all(each is None or isinstance(each, int) for each in value):
            return runtime.keras().Input(batch_shape=tuple(value))
        return [inputs(each) for each in value]

    # What cannot be made is missed when the values are read.
    with contextlib.suppress(*making.REFUSALS):
        model(inputs(shape))


@contextlib.contextmanager
def layers_as_in_keras_2(path: str, model: Model) -> Iterator[None]:
    """Puts the layers of models and layers of the user's into the order that Keras 2 had.

    Keras 2 counted those of a class where they are attributes, in lists and dicts in their places.
    Keras 3 counts them as they were made.

    Args:
        path: the archive that Keras 2 wrote, for the error.
        model: the model.

    Raises:
        CheckpointError: if the order is not known, as PyTorch keeps layers and lists of them apart.
    """
    kept = []
    try:
        for each in model._flatten_layers():
            if type(each).__module__.startswith("keras."):
                continue
            attributes = [value for name, value in vars(each).items() if name != "_layers"]
            modules = vars(each).get("_modules")
            apart = list(_layers_in(value for value in attributes if value is not modules))
            if modules and apart:  # PyTorch keeps them apart.
                _refuse_unknown_order(path, each, list(_layers_in([modules])), apart)
                continue
            order = {id(layer): number for number, layer in enumerate(_layers_in(attributes))}
            kept.append((each._layers, list(each._layers)))
            # Past Keras, which lets no one change it.
            each._layers[:] = sorted(
                each._layers, key=lambda layer: order.get(id(layer), len(order))
            )
        yield
    finally:
        for layers, before in kept:
            layers[:] = before


def _refuse_unknown_order(
    path: str, layer: Layer, attributes: Sequence[Layer], apart: Sequence[Layer]
) -> None:
    """Refuses layers of which two could be exchanged unnoticed: in another order all others miss.

    Args:
        path: the archive.
        layer: what has them.
        attributes: those that are attributes.
        apart: those in lists and dicts.
    """

    def looks(layers: Sequence[Layer]) -> set[tuple[str, tuple[tuple[int, ...], ...]]]:
        return {
            (type(each).__name__, tuple(tuple(one.shape) for one in each.weights))
            for each in layers
        }

    for name, _ in sorted(looks(attributes) & looks(apart)):
        raise CheckpointError(
            path,
            f"Keras 2 counted the {name} layers of {type(layer).__name__} by its attributes, and "
            "PyTorch does not keep their order",
            "load it with the TensorFlow or JAX backend, and save it again",
        )


def _layers_in(values: Iterable[object]) -> Iterator[Layer]:
    for value in values:
        if isinstance(value, runtime.keras().layers.Layer):
            yield value
        elif isinstance(value, dict):
            yield from _layers_in(value.values())
        elif isinstance(value, (list, tuple)):
            yield from _layers_in(value)
