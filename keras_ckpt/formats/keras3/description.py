"""The descriptions of models in archives, and the models that they describe."""

from __future__ import annotations

from keras_ckpt import runtime
from keras_ckpt._typing import Config, CustomObjects, Model
from keras_ckpt.formats.config import compilation, keras2_reader, making, safety
from keras_ckpt.formats.config.lambdas import named
from keras_ckpt.runtime import internals


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
    if compiled:
        compilation.compile_model(path, model, compiled, custom_objects)
    return model
