"""The descriptions of models in archives, and the models that they describe."""

from __future__ import annotations

import contextlib
import datetime
import json

from keras_ckpt import runtime
from keras_ckpt._typing import Config, CustomObjects, Model
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
